'use strict';
'require baseclass';
'require dom';
'require uci';
'require ui';

/* A stand-in for LuCI's: the options of form.js. Titles and descriptions are HTML, as in LuCI's. */

function equal(have, want) {
	if (want instanceof RegExp)
		return have != null && want.test(have);
	return JSON.stringify(have ?? null) == JSON.stringify(want ?? null);
}

const Value = baseclass.extend({
	__name__: 'CBI.Value',

	__init__(map, section, option, title, description) {
		Object.assign(this, { map, section, option, title, description, config: map.config, deps: [], rmempty: true, optional: false, default: null });
	},

	value(key, text) {
		(this.keylist ??= []).push(String(key));
		(this.vallist ??= []).push(text instanceof Node ? text : String(text ?? key));
	},

	depends(name, want) {
		this.deps = [ ...this.deps, typeof name == 'string' ? { [name]: want } : name ];
	},

	cbid(sid) {
		return `cbid.${this.config}.${sid}.${this.option}`;
	},

	load(sid) {
		return uci.get(this.config, sid, this.option);
	},

	cfgvalue(sid, ...value) {
		if (value.length)
			(this.data = Object.assign({}, this.data))[sid] = value[0];
		return this.data?.[sid];
	},

	getUIElement(sid) {
		const node = this.map.findElement('id', this.cbid(sid));
		const field = node ? dom.findClassInstance(node) : null;
		return field instanceof ui.AbstractElement ? field : null;
	},

	formvalue(sid) {
		return this.getUIElement(sid)?.getValue() ?? null;
	},

	/* In the table, as HTML. */
	textvalue(sid) {
		const v = this.cfgvalue(sid) ?? this.default;
		return v == null ? null : '%h'.format(Array.isArray(v) ? v.join(' ') : v);
	},

	validate: () => true,

	getValidator(sid) {
		return v => this.validate(sid, v);
	},

	triggerValidation(sid) {
		return this.getUIElement(sid)?.triggerValidation() ?? true;
	},

	isActive(sid) {
		const field = this.map.findElement('data-field', this.cbid(sid));
		return field != null && !field.classList.contains('hidden');
	},

	setActive(sid, on) {
		const field = this.map.findElement('data-field', this.cbid(sid));
		field?.classList.toggle('hidden', !on);
		return field != null;
	},

	checkDepends(sid) {
		return this.map.satisfied(this.deps, sid);
	},

	/* Where the form has an option, what it holds goes into the configuration; where it hides it, the option goes. */
	parse(sid) {
		if (!this.isActive(sid))
			return this.remove(sid);
		const field = this.getUIElement(sid), value = this.formvalue(sid);
		if (field && !field.isValid())
			return Promise.reject(new TypeError(_('Option "%s" contains an invalid input value.').format(this.title ?? this.option) + ' ' + field.getValidationError()));
		if (value == null || value === '' || Array.isArray(value) && !value.length) {
			if (this.rmempty || this.optional)
				return this.remove(sid);
			return Promise.reject(new TypeError(_('Option "%s" must not be empty.').format(this.title ?? this.option)));
		}
		if (!equal(this.cfgvalue(sid), value))
			this.write(sid, value);
	},

	write(sid, value) {
		uci.set(this.config, sid, this.option, value);
	},

	remove(sid) {
		uci.unset(this.config, sid, this.option);
	},

	render(index, sid, inTable) {
		return Promise.resolve(this.renderWidget(sid, index, this.cfgvalue(sid))).then(widget => {
			const attrs = { 'id': `cbi-${this.config}-${sid}-${this.option}`, 'data-field': this.cbid(sid), 'data-name': this.option, 'data-widget': this.__name__ };
			let node, field;
			if (inTable) {
				field = node = E('div', attrs, [ widget ]);
				node = E('td', { 'class': 'td cbi-value-field', 'data-name': this.option }, [ field ]);
			}
			else {
				field = node = E('div', Object.assign({ 'class': 'cbi-value' + (this.deps.length ? ' hidden' : '') }, attrs), [
					E('label', { 'class': 'cbi-value-title', 'for': 'widget.' + this.cbid(sid) }, this.title),
					E('div', { 'class': 'cbi-value-field' }, [ widget, this.description ? E('div', { 'class': 'cbi-value-description' }, this.description) : '' ])
				]);
			}
			field.addEventListener('widget-change', ev => {
				this.map.checkDepends(ev);
				this.onchange?.(ev, sid, this.formvalue(sid));
			});
			dom.bindClassInstance(field, this);
			return node;
		});
	},

	choices() {
		return Object.fromEntries((this.keylist ?? []).map((k, i) => [ k, this.vallist[i] ]));
	},

	widgetOptions(sid) {
		return { id: this.cbid(sid), optional: this.optional || this.rmempty, datatype: this.datatype, placeholder: this.placeholder, password: this.password,
			sort: this.keylist, validate: this.getValidator(sid), disabled: this.readonly ?? this.map.readonly };
	},

	renderWidget(sid, index, value) {
		const v = Array.isArray(value) ? value.join(' ') : value ?? this.default;
		return (this.keylist ? new ui.Combobox(v, this.choices(), this.widgetOptions(sid)) : new ui.Textfield(v, this.widgetOptions(sid))).render();
	}
});

const ListValue = Value.extend({
	__name__: 'CBI.ListValue',
	renderWidget(sid, index, value) {
		return new ui.Select(value ?? this.default, this.choices(), this.widgetOptions(sid)).render();
	}
});

const DynamicList = Value.extend({
	__name__: 'CBI.DynamicList',
	renderWidget(sid, index, value) {
		return new ui.DynamicList(value ?? this.default, null, this.widgetOptions(sid)).render();
	}
});

const MultiValue = Value.extend({
	__name__: 'CBI.MultiValue',
	renderWidget(sid, index, value) {
		return new ui.Dropdown(L.toArray(value ?? this.default), this.choices(), Object.assign(this.widgetOptions(sid), { multiple: true })).render();
	}
});

const Flag = Value.extend({
	__name__: 'CBI.FlagValue',
	__init__(...args) {
		this.super('__init__', args);
		Object.assign(this, { enabled: '1', disabled: '0', default: '0' });
	},
	renderWidget(sid, index, value) {
		return new ui.Checkbox(value ?? this.default, Object.assign(this.widgetOptions(sid), { value_enabled: this.enabled, value_disabled: this.disabled })).render();
	},
	textvalue(sid) {
		return (this.cfgvalue(sid) ?? this.default) == this.enabled ? _('Yes') : _('No');
	},
	parse(sid) {
		const value = this.formvalue(sid);
		if (!this.isActive(sid) || value == this.default && (this.optional || this.rmempty))
			return this.remove(sid);
		this.write(sid, value);
	}
});

const DummyValue = Value.extend({
	__name__: 'CBI.DummyValue',
	renderWidget(sid, index, value) {
		const v = value ?? this.default ?? '';
		return E('div', {}, this.rawhtml ? v : [ v ]);
	},
	parse() {}
});

return baseclass.extend({ Value, equal, kinds: { Value, ListValue, DynamicList, MultiValue, Flag, DummyValue } });
