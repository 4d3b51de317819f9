/* A stand-in for LuCI's client library: classes, modules, nodes, polling, views. */
'use strict';

(function(window, document) {

/* A class by its members, as baseclass.extend() makes it. super() calls a member of the class above the one that
   runs; it looks at the names alone, not at what is called in between. */
class Base {
	constructor(...args) {
		this.__init__?.(...args);
	}
	static extend(members) {
		const parent = this;
		const made = class extends parent {};
		Object.defineProperties(made.prototype, Object.getOwnPropertyDescriptors(members));
		return made;
	}
	static instantiate(args) {
		return new this(...args);
	}
	static isSubclass(c) {
		return typeof c == 'function' && c.prototype instanceof this;
	}
	super(name, args) {
		const levels = this.__levels ??= {};
		const next = from => {
			let p = from;
			while (p && !Object.hasOwn(p, name))
				p = Object.getPrototypeOf(p);
			return p;
		};
		const before = levels[name];
		const here = before ?? next(Object.getPrototypeOf(this));
		const above = here ? next(Object.getPrototypeOf(here)) : null;
		if (!above)
			return undefined;
		levels[name] = above;
		try {
			return above[name].apply(this, args ?? []);
		}
		finally {
			levels[name] = before;
		}
	}
}

const bound = new WeakMap();

const dom = {
	elem: e => e instanceof Node,
	matches: (node, selector) => node instanceof Element && node.matches(selector),
	parent: (node, selector) => node.closest(selector),
	parse: html => new DOMParser().parseFromString(html, 'text/html').body.firstChild,
	/* A string is HTML, and so is all else that is neither node nor array; the members of an array are text. */
	append(node, children) {
		if (Array.isArray(children))
			children.forEach(c => c instanceof Node ? node.appendChild(c)
				: Array.isArray(c) ? dom.append(node, c)
				: c != null && c !== false && node.appendChild(document.createTextNode(`${c}`)));
		else if (typeof children == 'function')
			dom.append(node, children(node));
		else if (children instanceof Node)
			node.appendChild(children);
		else if (children != null)
			node.innerHTML = `${children}`;
		return node.lastChild;
	},
	content(node, children) {
		[ ...node.querySelectorAll('[data-idref]') ].forEach(n => bound.delete(n));
		node.replaceChildren();
		return dom.append(node, children);
	},
	attr(node, attrs, value) {
		if (typeof attrs == 'string')
			attrs = { [attrs]: value };
		for (const [ name, v ] of Object.entries(attrs ?? {})) {
			if (v == null)
				continue;
			if (typeof v == 'function')
				node.addEventListener(name, v);
			else
				node.setAttribute(name, typeof v == 'object' ? JSON.stringify(v) : v);
		}
	},
	create(tag, attrs, children) {
		if (arguments.length == 2 && (typeof attrs != 'object' || attrs instanceof Node || Array.isArray(attrs)))
			[ attrs, children ] = [ null, attrs ];
		if (tag instanceof Node || Array.isArray(tag)) {
			const node = Array.isArray(tag) ? document.createDocumentFragment() : tag;
			dom.append(node, Array.isArray(tag) ? tag : children);
			return node;
		}
		const node = tag[0] == '<' ? dom.parse(tag) : document.createElement(tag);
		dom.attr(node, attrs);
		dom.append(node, children);
		return node;
	},
	bindClassInstance(node, instance) {
		bound.set(node, instance);
		return instance;
	},
	findClassInstance(node) {
		for (let n = node; n; n = n.parentNode)
			if (bound.has(n))
				return bound.get(n);
		return null;
	},
	callClassMethod(node, name, ...args) {
		const instance = dom.findClassInstance(node);
		return typeof instance?.[name] == 'function' ? instance[name](...args) : null;
	},
	isEmpty: node => !node || !node.textContent.trim()
};

/* Calls functions every few seconds, each when it has ended. */
const poll = {
	queue: [], tick: 0, timer: null,
	add(fn, interval) {
		poll.queue.push({ fn, interval: interval || L.env.pollinterval || 5, free: true });
		poll.start();
		return true;
	},
	remove(fn) {
		poll.queue = poll.queue.filter(e => e.fn != fn);
		return true;
	},
	start() {
		if (!poll.timer && poll.queue.length) {
			poll.timer = window.setInterval(poll.step, 1000);
			poll.step();
			document.dispatchEvent(new CustomEvent('poll-start'));
		}
		return true;
	},
	stop() {
		window.clearInterval(poll.timer);
		poll.timer = null;
		document.dispatchEvent(new CustomEvent('poll-stop'));
		return true;
	},
	active: () => poll.timer != null,
	step() {
		for (const e of poll.queue) {
			if (poll.tick % e.interval || !e.free)
				continue;
			e.free = false;
			Promise.resolve().then(e.fn).catch(() => {}).finally(() => e.free = true);
		}
		poll.tick++;
	}
};

/* The frame of a page: loads, renders, and shows the buttons of those that it has. */
const View = Base.extend({
	__init__() {
		const place = document.getElementById('view');
		Promise.resolve(this.load()).then(data => this.render(data)).then(nodes => {
			dom.content(place, nodes);
			dom.append(place, this.addFooter());
		}).catch(e => dom.content(place, E('p', { 'class': 'alert-message', 'data-broken': '' }, [ e.name + ': ' + e.message ])));
	},
	load() {},
	render() {},
	maps: call => Promise.all([ ...document.querySelectorAll('#maincontent .cbi-map') ].map(m => dom.callClassMethod(m, call))),
	handleSave() {
		return this.maps('save');
	},
	handleSaveApply(ev, mode) {
		return this.handleSave(ev).then(() => L.ui.changes.apply(mode == '0'));
	},
	handleReset() {
		return this.maps('reset');
	},
	addFooter() {
		const buttons = [ [ 'handleSaveApply', 'apply important', _('Save & Apply') ], [ 'handleSave', 'save', _('Save') ], [ 'handleReset', 'reset', _('Reset') ] ]
			.filter(([ name ]) => this[name])
			.map(([ name, kind, label ]) => E('button', { 'class': 'btn cbi-button cbi-button-' + kind, 'click': L.ui.createHandlerFn(this, name) }, [ label ]));
		return buttons.length ? E('div', { 'class': 'cbi-page-actions' }, buttons) : E([]);
	}
});

const built = {
	baseclass: Base, dom, poll, view: View,
	session: { getID: () => L.env.sessionid, getToken: () => L.env.token }
};
const loading = {};

/* Loads a module, and those it requires before it. */
function require_(name) {
	if (built[name])
		return Promise.resolve(built[name]);
	return loading[name] ??= window.fetch(L.resource(name.replace(/\./g, '/') + '.js')).then(res => {
		if (!res.ok)
			throw new Error(`HTTP error ${res.status} while loading the module ${name}`);
		return res.text();
	}).then(async source => {
		const names = [], values = [];
		for (const [ , what, as ] of source.matchAll(/^'require ([\w.]+)(?: as (\w+))?';$/gm)) {
			names.push(as ?? what.replace(/\W/g, '_'));
			values.push(await require_(what));
		}
		const made = new Function('window', 'document', 'L', ...names, `${source}\n//# sourceURL=${name}.js`)(window, document, L, ...values);
		const module = Base.isSubclass(made) ? new made() : made;
		let place = L;
		const parts = name.split('.');
		parts.slice(0, -1).forEach(p => place = place?.[p]);
		if (place)
			place[parts.at(-1)] = module;
		return module;
	});
}

function LuCI(env) {
	Object.assign(this, {
		env, dom, Poll: poll, Class: Base, require: require_,
		resource: (...parts) => [ env.resource, ...parts ].join('/'),
		url: (...parts) => [ env.scriptname, ...parts ].join('/'),
		resolveDefault: (value, instead) => Promise.resolve(value).catch(() => instead),
		isObject: v => v != null && typeof v == 'object',
		toArray: v => v == null ? [] : Array.isArray(v) ? v : typeof v == 'object' ? [ v ] : String(v).trim() ? String(v).trim().split(/\s+/) : [],
		bind: (fn, self, ...args) => fn.bind(self, ...args),
		hasViewPermission: () => env.nodespec.satisfied ? !env.nodespec.readonly : null,
		raise(kind, text, ...args) {
			throw Object.assign(new Error(text.format(...args)), { name: kind });
		},
		error(kind, text, ...args) {
			const e = kind instanceof Error ? kind : Object.assign(new Error(String(text ?? kind).format(...args)), { name: kind });
			L.ui?.addNotification(null, E('p', {}, [ e.message ]), 'danger');
			throw e;
		}
	});
}

window.LuCI = LuCI;
window.E = dom.create;

})(window, document);
