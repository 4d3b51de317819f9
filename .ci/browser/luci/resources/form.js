'use strict';
'require baseclass';
'require dom';
'require rpc';
'require uci';
'require ui';
'require form.value as values';

/* A stand-in for LuCI's: maps of sections of options, over UCI. Titles and descriptions are HTML, as in LuCI's. */

const access = rpc.declare({ object: 'session', method: 'access', params: [ 'scope', 'object', 'function' ], expect: { access: false } });

/* Loads or renders one after the other. */
const each = (list, fn) => list.reduce((before, x, i) => before.then(all => Promise.resolve(fn(x, i)).then(r => [ ...all, r ])), Promise.resolve([]));

const { Value, equal } = values;

const Map_ = baseclass.extend({
	__init__(config, title, description) {
		Object.assign(this, { config, title, description, children: [], data: uci });
	},

	section(kind, ...args) {
		const s = new kind(this, ...args);
		this.children.push(s);
		return s;
	},

	load() {
		return Promise.all([ this.readonly == null ? access('uci', this.config, 'write') : true, uci.load(this.config) ]).then(([ write ]) => {
			if (write === false)
				this.readonly = true;
			return each(this.children, s => s.load());
		});
	},

	render() {
		return this.load().then(() => this.renderContents());
	},

	reset() {
		return this.renderContents();
	},

	renderContents() {
		const root = this.root ??= E('div', { 'id': 'cbi-' + this.config, 'class': 'cbi-map' });
		dom.bindClassInstance(root, this);
		return each(this.children, s => s.render()).then(nodes => {
			dom.content(root, null);
			if (this.title)
				root.appendChild(E('h2', { 'name': 'content' }, this.title));
			if (this.description)
				root.appendChild(E('div', { 'class': 'cbi-map-descr' }, this.description));
			dom.append(root, nodes);
			this.checkDepends();
			root.querySelectorAll('.cbi-section-node-tabbed').forEach(n => ui.tabs.initTabGroup(n.childNodes));
			return root;
		});
	},

	parse() {
		return each(this.children, s => s.parse());
	},

	save(before, silent) {
		this.checkDepends();
		return this.parse().then(before).then(() => uci.save()).then(() => this.load()).catch(e => {
			if (!silent)
				ui.showModal(_('Save error'), [ E('p', {}, [ e.message ]), E('button', { 'class': 'btn', 'click': ui.hideModal }, [ _('Dismiss') ]) ]);
			return Promise.reject(e);
		}).then(() => this.renderContents());
	},

	findElement(name, value) {
		return this.root?.querySelector(value == null ? name : `[${name}="${value}"]`) ?? null;
	},

	lookupOption(name, sid) {
		const field = this.findElement('data-field', `cbid.${this.config}.${sid}.${name}`);
		const option = field ? dom.findClassInstance(field) : null;
		return option instanceof Value ? [ option, sid ] : null;
	},

	checkDepends(ev, n) {
		let changed = false;
		this.children.forEach(s => s.cfgsections().forEach(sid => s.children.forEach(o => {
			const active = o.isActive(sid), wanted = o.checkDepends(sid);
			if (active != wanted)
				changed = o.setActive(sid, wanted) || changed;
			if (!n && wanted)
				o.triggerValidation(sid);
		})));
		if (changed && (n ?? 0) < 10)
			this.checkDepends(ev, (n ?? 0) + 1);
		ui.tabs.updateTabs();
	},

	satisfied(deps, sid) {
		return !deps.length || deps.some(d => Object.entries(d).every(([ name, want ]) => {
			const found = this.lookupOption(name, sid);
			return equal(found && found[0].isActive(sid) ? found[0].formvalue(sid) : null, want);
		}));
	}
});

const Section = baseclass.extend({
	__init__(map, sectiontype, title, description) {
		Object.assign(this, { map, sectiontype, title, description, config: map.config, children: [] });
	},

	tab(name, title, description) {
		(this.tabs ??= []).push({ name, title, description });
	},

	option(kind, ...args) {
		const o = new kind(this.map, this, ...args);
		this.children.push(o);
		return o;
	},

	taboption(tab, ...args) {
		const o = this.option(...args);
		o.tab = tab;
		return o;
	},

	load() {
		return each(this.cfgsections(), sid => each(this.children, o => Promise.resolve(o.load(sid)).then(v => o.cfgvalue(sid, v))));
	},

	parse() {
		return each(this.cfgsections(), sid => each(this.children, o => o.parse(sid)));
	},

	/* The fields of one section, in panes where there are tabs. */
	fields(sid) {
		const pane = list => each(list, (o, i) => o.render(i, sid, false)).then(nodes => E(nodes));
		if (!this.tabs)
			return pane(this.children);
		return each(this.tabs, t => pane(this.children.filter(o => o.tab == t.name)).then(nodes =>
			E('div', { 'data-tab': t.name, 'data-tab-title': t.title }, [ nodes ]))).then(nodes => E(nodes));
	},

	/* What a title is: a text, or what a function makes of the section. Like LuCI's it loses its tags, and what was
	   escaped is not any more. */
	titleOf(name, sid) {
		const title = typeof this[name] == 'function' ? this[name](sid) : this[name];
		return title == null ? null : (/[<>&]/.test(title) ? dom.parse(`<div>${title}</div>`).textContent : String(title)).trim() || null;
	}
});

const NamedSection = Section.extend({
	__init__(map, section, ...args) {
		this.super('__init__', [ map, ...args ]);
		this.section = section;
	},

	cfgsections() {
		return [ this.section ];
	},

	render() {
		return this.fields(this.section).then(nodes => {
			const node = E('div', { 'class': 'cbi-section' });
			if (this.title)
				node.appendChild(E('h3', {}, this.title));
			if (uci.get(this.config, this.section))
				node.appendChild(E('div', { 'id': `cbi-${this.config}-${this.section}`, 'class': 'cbi-section-node' + (this.tabs ? ' cbi-section-node-tabbed' : ''), 'data-section-id': this.section }, [ nodes ]));
			return node;
		});
	}
});

/* A table of the sections of a type; a dialog edits one. */
const GridSection = Section.extend({
	cfgsections() {
		return uci.sections(this.config, this.sectiontype).map(s => s['.name']);
	},

	columns() {
		return this.children.filter(o => !o.modalonly);
	},

	render() {
		return each(this.cfgsections(), sid => this.row(sid)).then(rows => {
			const node = E('div', { 'id': `cbi-${this.config}-${this.sectiontype}`, 'class': 'cbi-section cbi-tblsection' });
			if (this.title)
				node.appendChild(E('h3', {}, this.title));
			const head = E('tr', { 'class': 'tr cbi-section-table-titles' }, [ this.sectiontitle ? E('th', { 'class': 'th' }) : '',
				this.columns().map(o => E('th', { 'class': 'th cbi-section-table-cell', 'data-name': o.option }, o.title)), E('th', { 'class': 'th' }) ]);
			node.appendChild(E('table', { 'class': 'table cbi-section-table' }, [ head, rows,
				rows.length ? '' : E('tr', { 'class': 'tr cbi-section-table-row placeholder' }, [ E('td', { 'class': 'td' }, [ this.renderSectionPlaceholder() ]) ]) ]));
			if (this.addremove)
				node.appendChild(E('div', { 'class': 'cbi-section-create' }, [ this.button('add', _('Add'), () => this.handleAdd()) ]));
			return dom.bindClassInstance(node, this), node;
		});
	},

	button(kind, text, handler) {
		return E('button', { 'class': 'btn cbi-button cbi-button-' + kind, 'title': text, 'disabled': this.map.readonly ? '' : null,
			'click': ui.createHandlerFn(this, handler) }, [ text ]);
	},

	row(sid) {
		return each(this.columns(), (o, i) => o.editable ? o.render(i, sid, true) : this.cell(sid, o)).then(cells =>
			E('tr', { 'id': `cbi-${this.config}-${sid}`, 'class': 'tr cbi-section-table-row', 'data-sid': sid, 'data-section-id': sid }, [
				this.sectiontitle ? E('td', { 'class': 'td cbi-section-table-titles' }, [ this.titleOf('sectiontitle', sid) ?? sid ]) : '',
				cells,
				E('td', { 'class': 'td cbi-section-table-cell nowrap cbi-section-actions' }, [ E('div', {}, [
					this.button('edit', _('Edit'), () => this.renderMoreOptionsModal(sid)), ' ',
					this.addremove ? this.button('remove', _('Delete'), () => this.handleRemove(sid)) : '' ]) ])
			]));
	},

	cell(sid, o) {
		return E('td', { 'class': 'td cbi-value-field', 'data-name': o.option }, o.textvalue(sid) ?? E('em', {}, [ _('none') ]));
	},

	renderSectionPlaceholder: () => E('em', {}, [ _('This section contains no values yet') ]),

	/* The table parses what can be edited in it. */
	parse() {
		return each(this.cfgsections(), sid => each(this.columns().filter(o => o.editable), o => o.parse(sid)));
	},

	handleAdd(ev, name) {
		this.map.addedSection = uci.add(this.config, this.sectiontype, name);
		return this.renderMoreOptionsModal(this.map.addedSection);
	},

	handleRemove(sid) {
		uci.remove(this.config, sid);
		return this.map.save(null, true);
	},

	getActiveModalMap() {
		return document.querySelector('body.modal-overlay-active > #modal_overlay > .modal.cbi-modal > .cbi-map:not(.hidden)');
	},

	handleModalCancel(modal, ev, saved) {
		if (this.map.addedSection != null && !saved)
			uci.remove(this.config, this.map.addedSection);
		delete this.map.addedSection;
		ui.hideModal();
		return Promise.resolve();
	},

	handleModalSave(modal, ev) {
		return modal.save(null, true).then(() => this.map.load()).then(() => this.map.reset()).then(() => this.handleModalCancel(modal, ev, true)).catch(() => {});
	},

	renderMoreOptionsModal(sid) {
		const m = new Map_(this.config);
		const s = m.section(NamedSection, sid, this.sectiontype);
		Object.assign(m, { parent: this.map, section: sid, readonly: this.map.readonly });
		s.tabs = this.tabs;
		this.children.filter(o => o.modalonly !== false).forEach(o => Object.assign(s.option(o.constructor, o.option, o.title, o.description),
			Object.fromEntries(Object.entries(o).filter(([ k ]) => ![ 'map', 'section' ].includes(k)))));
		return m.render().then(node => ui.showModal(this.titleOf('modaltitle', sid) ?? this.titleOf('sectiontitle', sid) ?? sid, [ node,
			E('div', { 'class': 'button-row' }, [
				E('button', { 'class': 'btn cbi-button', 'click': ui.createHandlerFn(this, 'handleModalCancel', m) }, [ _('Dismiss') ]), ' ',
				E('button', { 'class': 'btn cbi-button cbi-button-positive important', 'disabled': m.readonly ? '' : null, 'click': ui.createHandlerFn(this, 'handleModalSave', m) }, [ _('Save') ])
			]) ], 'cbi-modal'));
	}
});

return baseclass.extend(Object.assign({ Map: Map_, AbstractSection: Section, NamedSection, GridSection, AbstractValue: Value }, values.kinds));
