'use strict';
'require baseclass';
'require dom';
'require rpc';

/* A stand-in for LuCI's: dialogs, notices, tabs, and the fields of forms. */

/* The few data types that are checked here. */
const TYPES = {
	uinteger: v => /^\d+$/.test(v) || _('positive integer value')
};

/* A field: its node has the id that it is given, and tells of changes as widget-change. */
const Field = baseclass.extend({
	__init__(value, options) {
		this.value = value;
		this.options = options ?? {};
		this.error = '';
	},

	bind(node, ...inputs) {
		node.id = this.options.id;
		this.node = node;
		dom.bindClassInstance(node, this);
		inputs.forEach(n => {
			[ 'keyup', 'blur', 'input' ].forEach(ev => n.addEventListener(ev, () => this.triggerValidation()));
			n.addEventListener('change', () => this.changed());
		});
		this.inputs = inputs;
		return node;
	},

	changed() {
		this.triggerValidation();
		this.node.setAttribute('data-changed', true);
		this.node.dispatchEvent(new CustomEvent('widget-change', { bubbles: true }));
	},

	triggerValidation() {
		const value = this.getValue();
		let found = true;
		if (value == null || value === '' || Array.isArray(value) && !value.length)
			found = this.options.optional ? true : _('non-empty value');
		else if (TYPES[this.options.datatype])
			found = TYPES[this.options.datatype](value);
		if (found === true)
			found = this.options.validate?.(value) ?? true;
		this.error = found === true ? '' : String(found || _('invalid value'));
		(this.inputs ?? []).forEach(n => n.classList.toggle('cbi-input-invalid', this.error != ''));
		return this.error == '';
	},

	isValid() { return this.error == ''; },
	getValidationError() { return this.error; }
});

const Textfield = Field.extend({
	render() {
		const o = this.options;
		this.input = E('input', {
			'id': 'widget.' + o.id, 'class': o.password ? 'cbi-input-password' : 'cbi-input-text', 'type': o.password ? 'password' : 'text',
			'autocomplete': o.password ? 'new-password' : null, 'placeholder': typeof o.placeholder == 'string' ? o.placeholder : null,
			'disabled': o.disabled ? '' : null, 'value': this.value
		});
		return this.bind(E('div', {}, [ this.input ]), this.input);
	},
	getValue() {
		return this.input.value.trim();
	},
	setValue(v) {
		this.input.value = v ?? '';
	}
});

const Checkbox = Field.extend({
	render() {
		const o = this.options;
		this.input = E('input', { 'id': 'widget.' + o.id, 'type': 'checkbox', 'checked': this.value == o.value_enabled ? '' : null, 'disabled': o.disabled ? '' : null });
		return this.bind(E('div', { 'class': 'cbi-checkbox' }, [ this.input ]), this.input);
	},
	isChecked() {
		return this.input.checked;
	},
	getValue() {
		return this.input.checked ? this.options.value_enabled : this.options.value_disabled;
	},
	setValue(v) {
		this.input.checked = v == this.options.value_enabled;
	}
});
/* The label of a choice: a node, or text. */
const label = l => l instanceof Node ? l.cloneNode(true) : l;

const Select = Field.extend({
	__init__(value, choices, options) {
		this.super('__init__', [ value, options ]);
		this.choices = choices ?? {};
	},
	render() {
		const o = this.options;
		this.input = E('select', { 'id': 'widget.' + o.id, 'class': 'cbi-input-select', 'disabled': o.disabled ? '' : null },
			(o.sort ?? Object.keys(this.choices)).map(v => E('option', { 'value': v, 'selected': v == (this.value ?? '') ? '' : null }, [ this.choices[v] ?? v ])));
		return this.bind(E('div', {}, [ this.input ]), this.input);
	},
	getValue() {
		return this.input.value;
	},
	setValue(v) {
		this.input.value = v ?? '';
	}
});

/* A list to choose one or several of, and where it may be to write another. */
const Dropdown = Field.extend({
	__init__(value, choices, options) {
		this.super('__init__', [ value, options ]);
		this.choices = choices ?? {};
	},
	item(value, text, selected) {
		return E('li', { 'data-value': value, 'selected': selected ? '' : null, 'role': 'option', 'tabindex': '0',
			'click': ev => this.choose(ev.currentTarget), 'keydown': ev => ev.key == ' ' && this.choose(ev.currentTarget) }, [ text ]);
	},
	render() {
		const o = this.options, values = Array.isArray(this.value) ? this.value : [ this.value ?? '' ];
		this.list = E('ul', { 'role': 'listbox' }, (Array.isArray(o.sort) ? o.sort : Object.keys(this.choices)).map(v => this.item(v, label(this.choices[v]), values.includes(v))));
		const node = E('div', { 'class': 'cbi-dropdown', 'disabled': o.disabled ? '' : null }, [ this.list ]);
		if (o.create)
			node.appendChild(E('input', { 'id': 'widget.' + o.id, 'type': 'text', 'class': 'create-item-input', 'placeholder': o.custom_placeholder,
				'change': ev => ev.target.value && (this.setValue(ev.target.value), ev.target.value = '', this.changed()) }));
		this.bind(node);
		this.setValue(this.value);
		return node;
	},
	choose(li) {
		const on = li.hasAttribute('selected');
		if (!this.options.multiple)
			this.list.querySelectorAll('[selected]').forEach(n => n.removeAttribute('selected'));
		li.toggleAttribute('selected', !(on && this.options.multiple));
		this.changed();
	},
	getValue() {
		const all = [ ...this.list.querySelectorAll('[selected]') ].map(n => n.getAttribute('data-value'));
		return this.options.multiple ? all : all[0] ?? '';
	},
	setValue(v) {
		const values = (Array.isArray(v) ? v : [ v ]).filter(x => x != null).map(String);
		values.filter(x => x != '' && ![ ...this.list.children ].some(n => n.getAttribute('data-value') == x)).forEach(x => this.list.appendChild(this.item(x, x, false)));
		[ ...this.list.children ].forEach(n => n.toggleAttribute('selected', values.includes(n.getAttribute('data-value'))));
	}
});

const Combobox = Dropdown.extend({
	__init__(value, choices, options) {
		this.super('__init__', [ value, choices, Object.assign({ create: true }, options) ]);
	}
});

const DynamicList = Field.extend({
	__init__(values, choices, options) {
		this.super('__init__', [ L.toArray(values), options ]);
	},
	render() {
		const o = this.options;
		this.input = E('input', { 'id': 'widget.' + o.id, 'type': 'text', 'class': 'cbi-input-text', 'placeholder': o.placeholder, 'disabled': o.disabled ? '' : null,
			'keydown': ev => ev.key == 'Enter' && (ev.preventDefault(), this.add()), 'blur': () => this.add() });
		this.row = E('div', { 'class': 'add-item control-group' }, [ this.input, E('button', { 'type': 'button', 'class': 'btn cbi-button cbi-button-add', 'click': () => this.add() }, [ '+' ]) ]);
		const node = E('div', { 'class': 'cbi-dynlist' }, [ this.row ]);
		this.bind(node);
		this.setValue(this.value);
		return node;
	},
	put(v) {
		this.node.insertBefore(E('div', { 'class': 'item', 'tabindex': '0', 'data-value': v, 'click': ev => { ev.currentTarget.remove(); this.changed(); } },
			[ E('span', {}, [ v ]) ]), this.row);
	},
	add() {
		const v = this.input.value.trim();
		if (!v)
			return;
		this.input.value = '';
		this.put(v);
		this.changed();
	},
	getValue() {
		return [ ...this.node.querySelectorAll(':scope > .item') ].map(n => n.getAttribute('data-value')).concat(this.input.value.trim() || []);
	},
	setValue(values) {
		this.node.querySelectorAll(':scope > .item').forEach(n => n.remove());
		L.toArray(values).forEach(v => this.put(v));
	}
});

/* Tabs over the panes of a node: each pane has data-tab and data-tab-title. */
const tabs = {
	initTabGroup(panes) {
		const list = [ ...panes ].filter(p => p.nodeType == 1 && p.hasAttribute('data-tab'));
		if (!list.length)
			return;
		const group = list[0].parentNode;
		const menu = E('ul', { 'class': 'cbi-tabmenu' }, list.map(p => E('li', { 'class': 'cbi-tab', 'data-tab': p.getAttribute('data-tab') }, [
			E('a', { 'href': '#', 'click': ev => { ev.preventDefault(); tabs.show(group, menu, p.getAttribute('data-tab')); } }, [ p.getAttribute('data-tab-title') ])
		])));
		group.parentNode.insertBefore(menu, group);
		tabs.show(group, menu, list[0].getAttribute('data-tab'));
		tabs.updateTabs();
	},
	show(group, menu, name) {
		[ ...group.children ].filter(p => p.hasAttribute('data-tab')).forEach(p => p.setAttribute('data-tab-active', p.getAttribute('data-tab') == name));
		[ ...menu.children ].forEach(li => li.className = li.getAttribute('data-tab') == name ? 'cbi-tab' : 'cbi-tab-disabled');
	},
	/* A tab counts the faults of its pane, and one without an option is hidden. */
	updateTabs() {
		document.querySelectorAll('[data-tab-title]').forEach(pane => {
			const li = pane.parentNode.previousElementSibling?.querySelector(`li[data-tab="${pane.getAttribute('data-tab')}"]`);
			const faults = pane.querySelectorAll('.cbi-input-invalid').length;
			const empty = ![ ...pane.querySelectorAll('[data-field]') ].some(f => !f.classList.contains('hidden'));
			li?.toggleAttribute('data-errors', faults > 0);
			if (faults)
				li?.setAttribute('data-errors', faults);
			if (li)
				li.style.display = empty ? 'none' : '';
		});
	}
};

function overlay() {
	return document.getElementById('modal_overlay') ?? document.body.appendChild(E('div', { 'id': 'modal_overlay', 'tabindex': '-1' }, [ E('div', { 'class': 'modal', 'role': 'dialog', 'aria-modal': 'true' }) ]));
}

/* Applies what is staged: with a rollback, which is confirmed at once. */
const changes = {
	init: () => rpc.declare({ object: 'uci', method: 'changes', expect: { changes: {} } })(),
	apply(checked) {
		ui.showModal(null, [ E('p', { 'class': 'spinning' }, [ _('Starting configuration apply…') ]) ]);
		return fetch(L.url('admin/uci', checked ? 'apply_rollback' : 'apply_unchecked') + '?sid=' + L.env.sessionid, { method: 'POST' }).then(res => {
			if (res.status == 204)
				return ui.showModal(null, [ E('p', {}, [ _('There are no changes to apply') ]) ]);
			if (!res.ok)
				throw new Error(`${res.status} ${res.statusText}`);
			return checked ? fetch(L.url('admin/uci/confirm'), { method: 'POST' }) : null;
		}).then(() => {
			document.dispatchEvent(new CustomEvent('uci-applied'));
			window.location.reload();
		}).catch(e => ui.showModal(null, [ E('p', { 'class': 'alert-message' }, [ e.message ]) ]));
	}
};

const ui = {
	AbstractElement: Field, Textfield, Checkbox, Select, Dropdown, Combobox, DynamicList, tabs, changes,

	showModal(title, children, ...classes) {
		const dialog = overlay().firstElementChild;
		dialog.className = [ 'modal', ...classes ].join(' ');
		dom.content(dialog, E('h4', {}, title));
		dom.append(dialog, children);
		document.body.classList.add('modal-overlay-active');
		overlay().focus();
		return dialog;
	},

	hideModal() {
		document.body.classList.remove('modal-overlay-active');
	},

	addNotification(title, children, ...classes) {
		const text = E('div', { 'style': 'flex: 10' });
		const node = E('div', { 'class': [ 'alert-message', ...classes ].join(' ') }, [ text,
			E('button', { 'class': 'btn', 'click': () => node.remove() }, [ _('Dismiss') ]) ]);
		if (title != null)
			dom.append(text, E('h4', {}, title));
		dom.append(text, children);
		const place = document.getElementById('maincontent');
		place.insertBefore(node, place.firstElementChild);
		return node;
	},

	/* A handler that cannot be called while it runs, and shows that it does. */
	createHandlerFn(self, fn, ...args) {
		const handler = typeof fn == 'string' ? self[fn] : fn;
		return ev => {
			const node = ev.currentTarget;
			node.classList.add('spinning');
			node.disabled = true;
			return Promise.resolve().then(() => handler.call(self, ...args, ev)).catch(e => console.error(e)).finally(() => {
				node.classList.remove('spinning');
				node.disabled = false;
			});
		};
	},

	instantiateView(path) {
		return L.require('view.' + path.replace(/\//g, '.')).catch(e =>
			dom.content(document.getElementById('view'), E('p', { 'class': 'alert-message', 'data-broken': '' }, [ e.message ])));
	}
};

return baseclass.extend(ui);
