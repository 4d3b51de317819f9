'use strict';
'require baseclass';
'require rpc';

/* A stand-in for LuCI's: configurations as they are on the router, and what is changed here until save(). */

const calls = {
	get: rpc.declare({ object: 'uci', method: 'get', params: [ 'config' ], expect: { values: {} }, reject: true }),
	add: rpc.declare({ object: 'uci', method: 'add', params: [ 'config', 'type', 'name', 'values' ], expect: { section: '' }, reject: true }),
	set: rpc.declare({ object: 'uci', method: 'set', params: [ 'config', 'section', 'values' ], reject: true }),
	del: rpc.declare({ object: 'uci', method: 'delete', params: [ 'config', 'section', 'options' ], reject: true }),
	order: rpc.declare({ object: 'uci', method: 'order', params: [ 'config', 'sections' ], reject: true })
};

let serial = 1000;

return baseclass.extend({
	__init__() {
		this.state = {}; /* by configuration: {values, creates, changes, deletes, order} */
	},

	of(config) {
		return this.state[config] ?? { values: {}, creates: {}, changes: {}, deletes: {} };
	},

	load(configs) {
		const missing = L.toArray(configs).filter(c => !this.state[c]);
		return Promise.all(missing.map(c => calls.get(c).then(values => {
			this.state[c] = { values, creates: {}, changes: {}, deletes: {}, order: null };
		}))).then(() => missing);
	},

	unload(configs) {
		L.toArray(configs).forEach(c => delete this.state[c]);
	},

	sections(config, type, each) {
		const s = this.of(config);
		const list = Object.keys(s.values).filter(id => s.deletes[id] !== true).map(id => Object.assign({}, s.values[id], s.changes[id]))
			.concat(Object.values(s.creates).map(c => Object.assign({}, c)))
			.filter(c => !type || c['.type'] == type)
			.sort((a, b) => a['.index'] - b['.index']);
		list.forEach((c, i) => c['.index'] = i);
		if (each)
			list.forEach(c => each.call(this, c, c['.name']));
		return list;
	},

	get(config, id, option) {
		const s = this.of(config);
		if (s.creates[id])
			return option == null ? s.creates[id] : s.creates[id][option];
		if (!s.values[id] || s.deletes[id] === true)
			return null;
		if (option == null) {
			const all = Object.assign(s.values[id], s.changes[id]);
			Object.keys(s.deletes[id] ?? {}).forEach(o => delete all[o]);
			return all;
		}
		if (s.deletes[id]?.[option])
			return null;
		return s.changes[id]?.[option] ?? s.values[id][option];
	},

	set(config, id, option, value) {
		const s = this.of(config);
		if (s.creates[id]) {
			if (value == null)
				delete s.creates[id][option];
			else
				s.creates[id][option] = value;
		}
		else if (s.values[id] && s.deletes[id] !== true && option[0] != '.') {
			delete s.deletes[id]?.[option];
			delete s.changes[id]?.[option];
			if (value != null && value !== '')
				(s.changes[id] ??= {})[option] = value;
			else if (Object.hasOwn(s.values[id], option))
				(s.deletes[id] ??= {})[option] = true;
		}
	},

	unset(config, id, option) {
		this.set(config, id, option, null);
	},

	add(config, type, name) {
		const id = name || 'new' + Math.random().toString(16).slice(2, 8);
		this.of(config).creates[id] = { '.type': type, '.name': id, '.create': name, '.anonymous': !name, '.index': serial++ };
		return id;
	},

	remove(config, id) {
		const s = this.of(config);
		if (s.creates[id])
			delete s.creates[id];
		else if (s.values[id])
			s.deletes[id] = true;
	},

	save() {
		const tasks = [], changed = [];
		for (const [ config, s ] of Object.entries(this.state)) {
			const before = tasks.length;
			for (const [ id, what ] of Object.entries(s.deletes))
				if (what === true || Object.keys(what).length)
					tasks.push(calls.del(config, id, what === true ? null : Object.keys(what)));
			for (const c of Object.values(s.creates))
				tasks.push(calls.add(config, c['.type'], c['.create'], Object.fromEntries(Object.entries(c).filter(([ k ]) => k[0] != '.'))));
			for (const [ id, values ] of Object.entries(s.changes))
				if (Object.keys(values).length)
					tasks.push(calls.set(config, id, values));
			if (tasks.length > before)
				changed.push(config);
		}
		return Promise.all(tasks).then(() => {
			this.unload(changed);
			return this.load(changed);
		});
	},

	changes: rpc.declare({ object: 'uci', method: 'changes', expect: { changes: {} } })
});
