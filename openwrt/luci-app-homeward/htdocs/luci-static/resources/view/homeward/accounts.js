'use strict';
'require view';
'require dom';
'require form';
'require network';
'require rpc';
'require uci';
'require ui';
'require tools.widgets as widgets';
'require homeward';
'require homeward.wizard as wizard';

const tag = homeward.tag;
const BUILT_IN = [ 'ipv64', 'spdyn', 'dyndns2', 'rfc2136', 'template' ];
const callHints = rpc.declare({ object: 'luci-rpc', method: 'getHostHints', expect: { '': {} } });

/* The choice of an interface that keeps what is no interface of LuCI's: auto, or the name of a device. */
const Interface = widgets.NetworkSelect.extend({
	__name__: 'CBI.HomewardInterface',

	/* not by super: NetworkSelect calls its own from a promise, where LuCI would find this method again */
	load(section_id) {
		return L.resolveDefault(network.getNetworks(), []).then(networks => {
			this.networks = networks;
			return form.Value.prototype.load.call(this, section_id);
		});
	},

	renderWidget(section_id, option_index, cfgvalue) {
		const choices = { '': E('em', {}, [ _('automatic') ]) };
		this.networks.forEach(n => {
			if (n.getName() != 'loopback')
				choices[n.getName()] = this.renderIfaceBadge(n);
		});
		if (cfgvalue && !choices[cfgvalue])
			choices[cfgvalue] = tag('span', { 'class': 'ifacebadge' }, cfgvalue);
		return new ui.Dropdown(cfgvalue ?? '', choices, {
			id: this.cbid(section_id),
			sort: true,
			optional: true,
			create: true,
			select_placeholder: E('em', {}, [ _('automatic') ]),
			custom_placeholder: _('a device, as in pppoe-wan'),
			validate: this.getValidator(section_id),
			disabled: this.map.readonly
		}).render();
	}
});

/* A switch that knows every word that UCI has for on and off: LuCI's knows 1 alone, and would save 0 for 'on'. */
const Flag = form.Flag.extend({
	__name__: 'CBI.HomewardFlag',

	load(section_id) {
		return homeward.flag(uci.get('homeward', section_id, this.option));
	}
});

/* The one spelling of an IPv6 address, "" of anything else. */
function canonical(address) {
	try {
		return new URL('http://[' + address + ']').hostname.slice(1, -1);
	}
	catch (e) {
		return '';
	}
}

/* The eight groups of an IPv6 address, in hexadecimal. */
function groups(address) {
	const [ head, tail ] = canonical(address).split('::').map(part => part ? part.split(':') : []);
	return tail ? [ ...head, ...Array(8 - head.length - tail.length).fill('0'), ...tail ] : head;
}

/* The interface id that a MAC address makes (EUI-64), or that is given as a suffix; "" of anything else. */
function suffix(host) {
	if (/^([0-9a-f]{2}[:-]){5}[0-9a-f]{2}$/i.test(host)) {
		const m = host.split(/[:-]/);
		return `::${(parseInt(m[0], 16) ^ 2).toString(16)}${m[1]}:${m[2]}ff:fe${m[3]}:${m[4]}${m[5]}`;
	}
	return /^::./.test(canonical(host)) ? host : '';
}

/* The address of a host behind the router, "" while it is not known. */
function hostAddress(prefix, host) {
	const id = suffix(host);
	return (prefix && id) ? canonical([ ...groups(prefix.split('/')[0]).slice(0, 4), ...groups(id).slice(4) ].join(':')) : '';
}

return view.extend({
	load() {
		return Promise.all([
			homeward.services().catch(() => BUILT_IN.map(name => ({ name }))),
			callHints().catch(() => ({})),
			homeward.read().catch(() => ({})),
			uci.load('homeward')
		]);
	},

	render([ services, hints, data ]) {
		this.services = services;
		this.hints = L.isObject(hints) ? hints : {};
		this.prefix = data.status?.line.prefix;
		this.states = data.status?.accounts ?? {};

		const m = this.map = new form.Map('homeward', _('Accounts'));
		this.grid(m);
		this.main(m);
		return m.render().then(node => {
			this.faults = tag('div', { 'data-faults': 'page' });
			/* the state page links an account by its name */
			const linked = uci.sections('homeward', 'account').find(a => this.title(a['.name']) == decodeURIComponent(location.hash.slice(1)));
			if (linked)
				window.setTimeout(() => this.section.renderMoreOptionsModal(linked['.name']), 0);
			return tag('div', { 'id': 'homeward-accounts' }, homeward.style(), this.faults, node);
		});
	},

	grid(m) {
		const s = this.section = m.section(form.GridSection, 'account');
		const view = this;
		s.addremove = true;
		s.nodescriptions = true;
		s.anonymous = true; /* the wizard finds the name */
		s.sectiontitle = sid => this.title(sid);
		/* without a host in it: of a dialog's title LuCI makes HTML, even of one that was escaped (stripTags decodes it) */
		s.modaltitle = sid => _('Account') + (this.named(sid) ? ' ' + this.title(sid) : '');
		s.handleAdd = () => wizard.open(() => location.assign(L.url('admin/services/homeward/state')),
			() => form.GridSection.prototype.handleAdd.call(s));
		s.handleModalSave = function(modal, ev) { return view.saveDialog(this, modal, ev); };
		s.handleModalCancel = function(modal, ev, saved) { return view.closeDialog(this, modal, ev, saved); };
		s.renderSectionPlaceholder = () => E('em', {}, [ _('There is no account yet.') ]);

		s.tab('service', _('Service'));
		s.tab('publish', _('What to publish'));
		s.tab('uplink', _('Uplink'));
		s.tab('limits', _('Limits'));
		this.serviceOptions(s);
		this.publishOptions(s);
		this.uplinkOptions(s);
		this.limitOptions(s);
	},

	/* Whether a section has a name, which is letters, digits and _ alone. */
	named(sid) {
		return !uci.get('homeward', sid, '.anonymous');
	},

	title(sid) {
		if (this.named(sid))
			return uci.get('homeward', sid, '.create') ?? sid;
		return L.toArray(uci.get('homeward', sid, 'domain'))[0] ?? _('new');
	},

	/* An option in a tab of the dialog. of names the built-in services whose option it is; without, it is everybody's. */
	option(s, tab, kind, name, title, description, of, also) {
		const o = s.taboption(tab, kind, name, title, description);
		o.modalonly = true;
		o.rmempty = true;
		if (of)
			o.depends(Object.assign({ service: this.ofServices(name, of) }, also));
		else if (also)
			o.depends(also);
		return o;
	},

	/* The services that show an option: those named in of; "named" there are all that a file describes, of which
	   else those that need it; and those with which an account has it. */
	ofServices(option, of) {
		const secrets = [ 'token', 'password' ];
		const key = option.replace(/_file$/, '');
		const names = of.split(' ');
		this.services.filter(x => !BUILT_IN.includes(x.name)).forEach(x => {
			if (names.includes('named') || (x.needs ?? []).some(n => n == key || secrets.includes(n) && secrets.includes(key)))
				names.push(x.name);
		});
		uci.sections('homeward', 'account').forEach(a => {
			if (a[option] != null && a.service && !BUILT_IN.includes(a.service))
				names.push(a.service);
		});
		return new RegExp('^(' + names.map(n => n.replace(/[^\w]/g, '\\$&')).join('|') + ')$');
	},

	secret(s, name, title, description, of) {
		const o = this.option(s, 'service', form.Value, name, title, description, of);
		o.password = true;
		return o;
	},

	serviceOptions(s) {
		const say = (...args) => this.option(s, 'service', ...args);
		let o = s.taboption('service', Flag, 'enabled', _('Enabled'));
		o.default = '1';
		o.editable = true;

		o = s.taboption('service', form.ListValue, 'service', _('Service'));
		this.services.forEach(x => o.value(x.name));
		o.first = this.services[0]?.name;
		this.hinted(o, name => this.serviceWords(name));
		o.load = function(sid) {
			/* what the configuration holds stays, even where homeward does not list it any more */
			const value = uci.get('homeward', sid, 'service');
			if (value && !this.keylist.includes(value))
				this.value(value);
			return value;
		};
		o.textvalue = sid => tag('span', { 'class': 'hw-text' }, uci.get('homeward', sid, 'template') ?? uci.get('homeward', sid, 'service') ?? '');

		o = s.taboption('service', form.DynamicList, 'domain', _('Hosts'), _('The names to keep up to date.'));
		o.placeholder = 'home.example.org';
		o.textvalue = sid => tag('span', { 'class': 'hw-text' }, L.toArray(uci.get('homeward', sid, 'domain')).join(', '));

		o = say(form.Value, 'server', _('Server'), _('Its base URL, where it is not the service\'s own; at rfc2136 the primary name server.'), 'ipv64 spdyn dyndns2 rfc2136');
		o.placeholder = 'https://…';
		this.template(say);
		say(form.Value, 'username', _('User name'), null, 'spdyn dyndns2 template');
		this.secret(s, 'token', _('Token'), _('At spdyn in place of user name and password.'), 'ipv64 spdyn template');
		this.secret(s, 'password', _('Password'), _('At rfc2136 the secret of the key.'), 'spdyn dyndns2 rfc2136 template');
		this.nameServer(say);
		say(form.Value, 'token_file', _('File with the token'), _('In place of the token: a file that the user homeward can read.'), 'ipv64 spdyn template');
		say(form.Value, 'password_file', _('File with the password'), _('In place of the password.'), 'spdyn dyndns2 rfc2136 template');
		o = say(form.ListValue, 'auth', _('How to send the token'), null, 'ipv64');
		o.value('', _('as usual (bearer)'));
		[ 'bearer', 'basic', 'form' ].forEach(v => o.value(v));
		this.secret(s, 'healthcheck', _('Healthcheck'), _('The token of a healthcheck at IPv64 that each update ticks.'), 'ipv64');
		say(Flag, 'one_address', _('One address a request'), _('For a server that does not take two.'), 'dyndns2');
	},

	/* Shows words below an option, which follow its value. */
	hinted(o, words) {
		const kind = Object.getPrototypeOf(o);
		o.renderWidget = function(sid, index, value) {
			this.hint = tag('div', { 'class': 'cbi-value-description hw-hint', 'data-hint': this.option, 'aria-live': 'polite' }, words(value ?? this.first));
			return E([ kind.renderWidget.call(this, sid, index, value), this.hint ]);
		};
		o.onchange = function(ev, sid, value) {
			dom.content(this.hint, words(value));
		};
	},

	serviceWords(name) {
		const x = this.services.find(y => y.name == name);
		return [
			x ? _('Can publish: %s.').format((x.publishes ?? []).join(', ')) + ' ' : '',
			[ x?.secret, x?.username, x?.warning ].filter(w => w).join('. ')
		];
	},

	template(say) {
		let o = say(form.Value, 'template', _('Service file'), _('A name that is listed, or the path of a file; else the URLs below.'), 'template');
		this.services.filter(x => x.file).forEach(x => o.value(x.name));
		const url = [ [ 'url', _('URL') ], [ 'url4', _('URL for IPv4') ], [ 'url6', _('URL for IPv6') ] ];
		url.forEach(([ name, title ]) => {
			o = say(form.Value, name, title, null, 'template');
			o.placeholder = 'https://…[DOMAIN]…[IP]…[PASSWORD]';
		});
		o = say(form.Value, 'answer', _('Answer at success'), _('Texts joined by |, as in good|nochg.'), 'template');
		o = say(form.Value, 'param_enc', '[PARAMENC]', null, 'template');
		o.password = true;
		say(form.Value, 'param_opt', '[PARAMOPT]', null, 'template');
		say(Flag, 'allow_http', _('Allow http://'), _('Everybody on the way can read the password then.'), 'template');
	},

	nameServer(say) {
		let o = say(form.Value, 'zone', _('Zone'), _('Without it, the longest that the server answers for.'), 'rfc2136');
		o.placeholder = 'example.org';
		say(form.Value, 'key_name', _('Name of the key'), _('The TSIG key, as the name server has it.'), 'rfc2136');
		o = say(form.ListValue, 'key_algorithm', _('Algorithm of the key'), null, 'rfc2136');
		o.value('', _('as usual (hmac-sha256)'));
		[ 'hmac-sha256', 'hmac-sha512' ].forEach(v => o.value(v));
	},

	publishOptions(s) {
		const say = (...args) => this.option(s, 'publish', ...args);
		let o = say(form.MultiValue, 'publish', _('Publish'), _('Without a choice: IPv4 and the prefix at IPv64, else IPv4 and IPv6. The prefix is that of the LAN: the service puts it before the address of each host there.'));
		o.placeholder = _('as usual for the service');
		o.value('ipv4', _('IPv4 address'));
		o.value('ipv6', _('IPv6 address'));
		o.value('prefix', _('Prefix of the LAN'));
		this.hostOption(say);
		o = say(form.Value, 'record', _('Record'), _('The name below the domain, as in www.'), 'ipv64');
		o = say(form.ListValue, 'prefix', _('The prefix is'), null, 'ipv64');
		o.value('', _('that of the LAN'));
		o.value('auto', _('the one that the request comes from: behind another router, or in relay mode'));
	},

	/* The host behind the router whose address is published: chosen from those that the router knows. */
	hostOption(say) {
		const o = say(form.Value, 'host', _('Host behind the router'),
			_('Publish the IPv6 address of this host, not the router\'s. Right for a host with an interface id that stays: EUI-64, a token, a static suffix or a host id.'));
		o.placeholder = _('none: the router itself');
		Object.keys(this.hints).sort().forEach(mac => {
			const hint = this.hints[mac];
			const name = hint.name ?? L.toArray(hint.ipaddrs)[0] ?? mac;
			o.value(mac, tag('span', {}, `${name} (${mac})`));
			L.toArray(hint.ip6addrs).map(canonical).forEach(a => {
				const id = a ? canonical('::' + groups(a).slice(4).join(':')) : '';
				if (id && hostAddress(this.prefix, id) == a && hostAddress(this.prefix, mac) != a)
					o.value(id, tag('span', {}, `${name} (${id})`));
			});
		});
		this.hinted(o, host => this.hostWords(host));
	},

	hostWords(host) {
		const address = hostAddress(this.prefix, host ?? '');
		if (!address)
			return (host && !this.prefix) ? [ _('Its address is shown when the LAN has a prefix.') ] : [ '' ];
		const seen = Object.values(this.hints).some(h => L.toArray(h.ip6addrs).map(canonical).includes(address));
		return [
			tag('code', { 'data-host-address': '' }, address), ' – ',
			seen ? _('the router has seen this address.') : _('the router has not seen this address: check that the host has it.')
		];
	},

	uplinkOptions(s) {
		const say = (...args) => this.option(s, 'uplink', ...args);
		say(Interface, 'wan', _('WAN for IPv4'), _('Requests over IPv4 leave by it, too.'));
		say(Interface, 'wan6', _('WAN for IPv6'), _('Requests over IPv6 leave by it, too.'));
		say(Interface, 'lan', _('LAN'), _('The network whose prefix is published.'));
		let o = say(form.ListValue, 'detect', _('The address is'), null);
		o.value('', _('that of the WAN interface'));
		o.value('web', _('asked for on the web: behind another router'));
		o = say(form.Value, 'poll', _('Ask every'), _('Not below 1m; dyndns2 not below 10m.'), null, { detect: 'web' });
		o.placeholder = '5m';
		o = say(form.Value, 'checkip', _('Page that answers with the address'), null, 'dyndns2 rfc2136 template named', { detect: 'web' });
		o.placeholder = 'https://…';
	},

	limitOptions(s) {
		const say = (...args) => this.option(s, 'limits', ...args);
		let o = say(form.Value, 'limit_10s', _('Requests in 10 seconds'), _('How many the service takes; 0 is no limit.'));
		o.datatype = 'uinteger';
		o.placeholder = _('as the service says');
		o = say(form.Value, 'limit_24h', _('Requests in 24 hours'));
		o.datatype = 'uinteger';
		o.placeholder = _('as the service says');
		say(form.Value, 'limit_group', _('Count together with'), _('Accounts with the same word here share one count. Two accounts of different people at IPv64 get two words.'));
		o = say(form.Value, 'refresh', _('Send again after'), _('Even though nothing has changed; 0 is never.'));
		o.placeholder = '600h';
	},

	main(m) {
		const s = m.section(form.NamedSection, 'main', 'homeward', _('General'));
		const say = (kind, name, title, description) => {
			const o = s.option(kind, name, title, description);
			o.rmempty = true;
			return o;
		};
		s.addremove = false;
		let o = say(Flag, 'enabled', _('Enabled'));
		o.rmempty = false;
		say(Interface, 'wan', _('WAN for IPv4'), _('More than one WAN needs a choice.'));
		say(Interface, 'wan6', _('WAN for IPv6'));
		say(Interface, 'lan', _('LAN'));
		o = say(form.ListValue, 'log_level', _('Log'));
		o.value('', _('as usual (info)'));
		[ 'debug', 'info', 'warn', 'error' ].forEach(v => o.value(v));
		o = say(form.Value, 'state_dir', _('Folder of the state'), _('What was sent, and the limits. /var is forgotten at a reboot; /etc/homeward is on flash, and written only when something changed.'));
		o.placeholder = '/var/lib/homeward';
		say(form.Value, 'ca_file', _('More certificates to trust'), _('A file in PEM form; the system\'s stay.'));
		o = say(form.Value, 'on_change', _('Program to run'), _('When an account\'s state changes. Without one, the programs in /etc/hotplug.d/homeward.'));
		o.placeholder = '/usr/libexec/homeward-on-change';
	},

	/* Shows each fault at its option, and opens the tab of the first; those of other sections go on top. */
	mark(map, sid, faults) {
		this.unmark(map);
		const others = tag('div', { 'data-faults': 'dialog' });
		let first = null;
		faults.forEach(f => {
			const found = (f.sid == sid && f.option) ? map.lookupOption(f.option, sid) : null;
			const field = found ? map.findElement('data-field', found[0].cbid(sid)) : null;
			if (!field || field.classList.contains('hidden')) {
				others.appendChild(homeward.fault(f, (f.sid == sid) ? f.option : this.title(f.sid ?? '')));
				return;
			}
			const node = homeward.fault(f);
			(field.querySelector('.cbi-value-field') ?? field).appendChild(node);
			/* it keeps its place: a button that moves away between press and release is not clicked */
			field.addEventListener('widget-change', () => {
				node.style.visibility = 'hidden';
				node.classList.remove('cbi-input-invalid');
				ui.tabs.updateTabs();
			}, { once: true });
			first ??= field;
		});
		if (others.firstChild)
			map.root.insertBefore(others, map.root.firstChild);
		ui.tabs.updateTabs();
		const pane = first?.closest('[data-tab]');
		pane?.parentNode.previousElementSibling?.querySelector(`[data-tab="${pane.getAttribute('data-tab')}"] a`)?.click();
		(first ?? others).scrollIntoView({ block: 'nearest' });
		first?.querySelector('input, select, [tabindex]')?.focus();
	},

	unmark(map) {
		map.root.querySelectorAll('[data-faults], .hw-fault').forEach(n => n.remove());
		ui.tabs.updateTabs();
	},

	/* Saves the dialog if the daemon has no fault to find in its account. */
	saveDialog(s, modal, ev) {
		const map = dom.findClassInstance(s.getActiveModalMap());
		const sid = map.section;
		this.tried = true;
		this.unmark(map);
		return map.save(() => homeward.check().then(({ faults, warnings }) => {
			const mine = faults.filter(f => f.sid == sid);
			if (mine.length) {
				this.mark(map, sid, mine);
				return Promise.reject(new Error('faults'));
			}
			warnings.filter(w => w.sid == sid).forEach(w => ui.addNotification(null, homeward.fault(w, w.option), 'warning'));
		}), true)
			.then(() => map.parent.load())
			.then(() => map.parent.reset())
			.then(() => s.handleModalCancel(modal, ev, true))
			.catch(e => {
				if (e?.message != 'faults' && e?.message)
					map.root.insertBefore(tag('div', { 'data-faults': 'dialog' }, homeward.fault({ text: e.message })), map.root.firstChild);
			});
	},

	/* Closes the dialog, and takes the secrets out of the page. What a failed attempt to save has changed is forgotten. */
	closeDialog(s, modal, ev, saved) {
		const tried = this.tried && !saved;
		this.tried = false;
		if (tried)
			uci.unload('homeward');
		return (tried ? this.map.load().catch(() => {}) : Promise.resolve())
			.then(() => form.GridSection.prototype.handleModalCancel.call(s, modal, ev, saved))
			.then(() => dom.content(modal.root, null));
	},

	/* Saves the page if the daemon has no fault to find in the whole. */
	handleSave() {
		dom.content(this.faults, null);
		return this.map.save(() => homeward.check().then(({ faults }) => {
			if (!faults.length)
				return;
			dom.content(this.faults, faults.map(f => homeward.fault(f, [ this.title(f.sid ?? 'main'), f.option ].filter(x => x).join(' · '))));
			this.faults.scrollIntoView({ block: 'nearest' });
			return Promise.reject(new Error('faults'));
		}), true).catch(e => {
			if (e?.message != 'faults')
				dom.content(this.faults, homeward.fault({ text: e?.message ?? String(e) }));
			return Promise.reject(e);
		});
	},

	handleSaveApply(ev, mode) {
		return this.handleSave(ev).then(() => ui.changes.apply(mode == '0'), () => {});
	}
});
