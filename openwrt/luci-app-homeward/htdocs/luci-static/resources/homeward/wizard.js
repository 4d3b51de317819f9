'use strict';
'require baseclass';
'require dom';
'require uci';
'require ui';
'require homeward';

const tag = homeward.tag;

/* What the services of the first list say of themselves. */
const KNOWN = {
	ipv64: {
		title: 'IPv64.net',
		secret: [ 'token', _('Update token'), _('The update token of the account, or the whole update URL with it: both are understood.') ],
		domain: _('One name, or several with blanks between them. The addresses of the LAN follow the prefix.'),
		example: 'home.ipv64.net'
	},
	spdyn: {
		title: 'SPDYN (spdyn.de)',
		secret: [ 'token', _('Update token'), _('The token that spdyn made for this host.') ],
		domain: _('The name that the token was made for. For IPv6 its AAAA record has to exist there already: make it once by hand.'),
		example: 'home.spdns.org'
	},
	dyndns2: {
		title: _('Any other by its server (dyndns2)'),
		secret: [ 'password', _('Password') ],
		username: true,
		server: true,
		domain: _('One name, or several with blanks between them.'),
		example: 'home.example.org'
	}
};

/* The first of the names that a query may give a secret. */
const QUERY_SECRETS = [ 'key', 'token', 'password' ];

/* Takes token and hosts out of an update URL that was pasted. */
function pasted(text) {
	try {
		const query = new URL(text.trim()).searchParams;
		return {
			secret: QUERY_SECRETS.map(n => query.get(n)).find(v => v),
			domain: query.get('domain') ?? query.get('host') ?? query.get('hostname')
		};
	}
	catch (e) {
		return {};
	}
}

/* A name for the section, after the first host: uci allows letters, digits and _ alone. */
function sectionName(domain) {
	const base = domain.split('.')[0].replace(/[^A-Za-z0-9_]/g, '_') || 'account';
	let name = base;
	for (let n = 2; name == 'main' || uci.get('homeward', name); n++)
		name = `${base}_${n}`;
	return name;
}

/* The fields of a service: the host, and what it needs. */
function describe(s) {
	if (KNOWN[s.name])
		return KNOWN[s.name];
	const needs = s.needs ?? [];
	const secret = [ 'token', 'password' ].find(n => needs.includes(n));
	return {
		title: s.name,
		secret: secret ? [ secret, (secret == 'token') ? _('Token') : _('Password'), s.secret ] : null,
		username: needs.includes('username') && (s.username ?? true),
		server: needs.includes('server'),
		others: [ 'zone', 'param_enc', 'param_opt' ].filter(n => needs.includes(n)),
		domain: _('One name, or several with blanks between them.'),
		example: 'home.example.org',
		note: s.warning
	};
}

return baseclass.extend({
	/* Opens the dialog. done is called when the account is saved and the daemon runs; byHand, where it is given,
	   when the user wants every option instead. */
	open(done, byHand) {
		return Promise.all([ uci.load('homeward'), homeward.services() ]).then(([ , services ]) => {
			/* template and rfc2136 take more than a few fields: they are in the list of accounts */
			const first = Object.keys(KNOWN);
			this.services = first.map(n => services.find(s => s.name == n)).filter(s => s)
				.concat(services.filter(s => ![ ...first, 'template', 'rfc2136' ].includes(s.name)));
			this.done = done;
			this.fields = tag('div', {});
			this.faults = tag('div', { 'data-faults': '' });
			const choice = tag('select', { 'class': 'cbi-input-select', 'id': 'hw-service', 'name': 'service', 'change': ev => this.choose(ev.target.value) },
				this.services.map(s => tag('option', { 'value': s.name }, describe(s).title)));
			ui.showModal(_('Set up dynamic DNS'), [
				homeward.style(),
				tag('div', { 'data-wizard': '', 'class': 'cbi-section', 'keydown': ev => this.key(ev) },
					this.field('service', _('Service'), choice), this.fields, this.faults),
				tag('div', { 'class': 'button-row' },
					homeward.button('cancel', _('Cancel'), 'neutral', () => this.close()), ' ',
					byHand ? [ homeward.button('by-hand', _('All options …'), 'neutral', () => { this.close(); return byHand(); }), ' ' ] : null,
					homeward.button('finish', _('Check, save and run'), 'positive important', () => this.finish()))
			], 'cbi-modal');
			this.choose(this.services[0]?.name);
			choice.focus();
		}).catch(e => homeward.report(Promise.reject(e)));
	},

	/* Enter in a field finishes, Escape gives up. */
	key(ev) {
		if (ev.key == 'Enter' && ev.target.matches('input'))
			document.querySelector('[data-action="finish"]').click();
		else if (ev.key == 'Escape')
			this.close();
	},

	/* Closes the dialog, and takes the secret out of the page. */
	close() {
		ui.hideModal();
		dom.content(this.fields, null);
	},

	field(name, title, input, description) {
		return tag('div', { 'class': 'cbi-value', 'data-field-of': name },
			tag('label', { 'class': 'cbi-value-title', 'for': input.id }, title),
			tag('div', { 'class': 'cbi-value-field' }, input,
				tag('div', { 'data-fault-of': name }),
				description ? tag('div', { 'class': 'cbi-value-description' }, description) : null));
	},

	choose(name) {
		const s = this.service = this.services.find(x => x.name == name);
		if (!s)
			return dom.content(this.fields, tag('em', {}, _('homeward lists no service.')));
		const what = this.what = describe(s);
		const input = (option, attrs) => tag('input', Object.assign({ 'type': 'text', 'class': 'cbi-input-text', 'id': 'hw-' + option, 'name': option, 'autocomplete': 'off', 'spellcheck': 'false' }, attrs));
		dom.content(this.fields, [
			what.server ? this.field('server', _('Server'), input('server', { 'placeholder': 'https://members.example.com' })) : null,
			this.field('domain', _('Host'), input('domain', { 'placeholder': what.example }), what.domain),
			what.username ? this.field('username', _('User name'), input('username'), what.username === true ? null : what.username) : null,
			what.secret ? this.field(what.secret[0], what.secret[1], input(what.secret[0], { 'type': 'password' }), what.secret[2]) : null,
			(what.others ?? []).map(n => this.field(n, n, input(n, n == 'param_enc' ? { 'type': 'password' } : {}))),
			what.note ? tag('p', { 'data-note': '' }, what.note) : null
		].flat().filter(x => x));
		dom.content(this.faults, null);
	},

	value(option) {
		return this.fields.querySelector(`[name="${option}"]`)?.value.trim() ?? '';
	},

	/* The options of the account, as they are in the fields. */
	options() {
		const url = this.what.secret ? pasted(this.value(this.what.secret[0])) : {};
		const o = { service: this.service.name };
		o.domain = (this.value('domain') || url.domain || '').split(/[\s,]+/).filter(d => d);
		[ 'server', 'username', ...(this.what.others ?? []) ].forEach(n => o[n] = this.value(n));
		if (this.what.secret)
			o[this.what.secret[0]] = url.secret ?? this.value(this.what.secret[0]);
		return o;
	},

	/* Writes the account, lets the daemon check it, and takes it back if it has a fault. */
	finish() {
		const options = this.options();
		let sid;
		/* another browser may have added an account of that name meanwhile */
		return homeward.forget().then(() => {
			sid = uci.add('homeward', 'account', sectionName(options.domain[0] ?? ''));
			Object.keys(options).filter(n => options[n].length).forEach(n => uci.set('homeward', sid, n, options[n]));
			homeward.switchOn();
			return homeward.check();
		}).then(({ faults, warnings }) => {
			if (faults.length)
				return this.show(faults, sid);
			return homeward.saveAndRun().then(() => this.saved(warnings.filter(w => w.sid == sid)));
		}).catch(e => this.show([ { text: e.message } ], sid));
	},

	/* Closes the dialog, once what the daemon's check warns of is read. */
	saved(warnings) {
		const end = () => {
			this.close();
			return this.done();
		};
		if (!warnings.length)
			return end();
		dom.content(this.fields, null);
		ui.showModal(_('Saved, with a warning'), [
			homeward.style(),
			warnings.map(w => homeward.fault(w, w.option)),
			tag('div', { 'class': 'button-row' }, homeward.button('read', _('Go on'), 'positive important', end))
		].flat(), 'cbi-modal');
	},

	/* Shows each fault at its field, the others below, and takes the account back. */
	show(faults, sid) {
		const others = [];
		this.fields.parentNode.querySelectorAll('[data-fault-of]').forEach(n => dom.content(n, null));
		faults.forEach(f => {
			const place = (f.sid == sid) ? this.fields.parentNode.querySelector(`[data-fault-of="${f.option}"]`) : null;
			if (place)
				place.appendChild(homeward.fault(f));
			else
				others.push(homeward.fault(f, f.section && f.sid != sid ? f.section : f.option));
		});
		dom.content(this.faults, others);
		this.fields.parentNode.querySelector('.cbi-value-field:has(.hw-fault) input')?.focus();
		return homeward.forget();
	}
});
