'use strict';
'require view';
'require dom';
'require poll';
'require uci';
'require homeward';
'require homeward.wizard as wizard';

const tag = homeward.tag;
const INFO_AGE = 60000; /* ms that what is known without a daemon stands; asking starts a shell on the router */

const LINE = {
	ipv4: [ _('IPv4 address'), 'wan' ],
	ipv6: [ _('IPv6 address'), 'wan6' ],
	delegated: [ _('Delegated prefix'), 'wan6' ],
	prefix: [ _('Prefix of the LAN'), 'lan' ]
};

/* What to do, by the reasons of accounts and of the uplink. */
const REMEDIES = {
	'resolve': _('The name of the service cannot be looked up. Check the DNS servers of the WAN; it is tried again by itself.'),
	'connect': _('The service cannot be reached. It is tried again by itself; if it lasts, check the server and the interface.'),
	'tls': _('There is no secure connection. Install the package ca-bundle, or log in at the hotspot.'),
	'clock': _('The clock of this router is wrong. It waits for NTP: check System → System → Time Synchronization.'),
	'unconfirmed': _('The update was sent, and no answer came. It is sent again by itself.'),
	'server-error': _('The service has trouble. It is tried again by itself.'),
	'not-the-service': _('The answer is not the service\'s. Log in at the hotspot, or check the server.'),
	'service-limit': _('The service asks for a pause, and gets it.'),
	'quota-10s': _('As many requests were sent as the service takes in 10 seconds. It goes on by itself.'),
	'quota-24h': _('As many requests were sent as the service takes in a day. It goes on by itself.'),
	'reserve': _('The requests that are left for today are kept for changes of the address.'),
	'settling': _('Few requests are left for today. It waits until the uplink is still.'),
	'locked': _('The service may have locked the account. After 10 minutes of silence it is tried once.'),
	'busy': _('The service asks for 30 minutes of silence.'),
	'unauthorized': _('Token, user name or password are wrong. Correct them: it goes on as soon as they are saved.'),
	'refused': _('The service refuses the request. Correct what the message names, then send again.'),
	'no-route': _('The line is down, or has no such addresses. Check the WAN interface.'),
	'no-address': _('The interface has no such address. Check the WAN interface, or the one that is set here.'),
	'private': _('Another router stands in front of this one. Let the account ask the web for the address, and forward the ports there.'),
	'carrier-nat': _('The provider shares the address among customers. Publish IPv6 or the prefix, or ask the provider for a public IPv4 address.'),
	'ds-lite': _('IPv4 comes through a tunnel of the provider. Publish IPv6 or the prefix.'),
	'shared-ports': _('Other customers have the same IPv4 address. Publish IPv6 or the prefix.'),
	'link-local': _('The provider gave no address here. Of IPv6, publish the prefix if one is delegated; of IPv4, check the modem and the WAN interface.'),
	'reserved': _('This is no address of the internet. Check the WAN interface, or set another one.'),
	'not-global': _('This address is valid on its link only. Check the WAN interface, or set another one.'),
	'deprecated': _('The provider has withdrawn the address. A new one is awaited.'),
	'temporary': _('There are privacy addresses only. Let the WAN have a stable one, too.'),
	'ula': _('There are local addresses only: the provider gave no other.'),
	'duplicate': _('Another machine has the same address. Restart the interface, or ask the provider.'),
	'not-delegated': _('The provider delegates no prefix. Let the IPv6 interface of the WAN request one (Request IPv6-prefix: automatic).'),
	'other-wan': _('The prefix is that of another WAN. Check the IPv6 interface that is set here.'),
	'no-lan-address': _('The LAN has no share of the prefix. Set its IPv6 assignment length to 60.'),
	'not-a-lan': _('The interface that is set as the LAN is none.')
};

return view.extend({
	load() {
		return Promise.all([
			homeward.rights(),
			homeward.read().catch(failed => ({ failed })),
			L.resolveDefault(homeward.info(), null)
		]);
	},

	render([ rights, data, info ]) {
		this.may = rights;
		this.info = info;
		this.asked = Date.now();
		this.shown = {};
		this.cards = {};
		this.notice = tag('div', { 'aria-live': 'polite' });
		this.uplink = tag('div', {});
		this.accounts = tag('div', {});
		this.parts = [ [ _('Uplink'), this.uplink ], [ _('Accounts'), this.accounts ] ]
			.map(([ title, node ]) => tag('div', { 'class': 'cbi-section' }, tag('h3', {}, title), node));
		this.root = tag('div', { 'id': 'homeward-state' }, homeward.style(),
			tag('div', { 'class': 'hw-row' }, tag('h2', { 'class': 'hw-wide', 'name': 'content' }, _('Dynamic DNS')), this.buttons()),
			this.notice, this.parts);
		this.show(data);
		poll.add(() => this.refresh());
		return this.root;
	},

	/* The buttons that stand there whatever the state is; show() takes those away that have no use. */
	buttons() {
		const all = [];
		if (this.may.send)
			all.push(
				homeward.button('force-all', _('Send all now'), 'action', () => this.after(homeward.force())),
				homeward.button('stop', _('Stop'), 'neutral', () => this.after(homeward.service('stop'))));
		if (this.may.setup)
			all.push(homeward.button('wizard', _('Add account'), 'action', () => this.add()));
		return this.actions = tag('div', { 'class': 'hw-row' }, all);
	},

	add() {
		return wizard.open(() => this.after(Promise.resolve()));
	},

	/* Shows what an action has changed. */
	after(action) {
		return action.then(() => L.resolveDefault(homeward.info(), this.info)).then(info => {
			this.info = info;
			this.asked = Date.now();
			return this.refresh();
		});
	},

	refresh() {
		return homeward.read().then(data => {
			if (data.status || Date.now() - this.asked < INFO_AGE)
				return data;
			this.asked = Date.now();
			return L.resolveDefault(homeward.info(), this.info).then(info => {
				this.info = info;
				return data;
			});
		}).catch(failed => ({ failed })).then(data => this.show(data));
	},

	/* Draws a part anew where what it shows has changed: a poll takes no focus away. */
	put(node, name, what, draw) {
		const key = JSON.stringify(what);
		if (this.shown[name] === key)
			return;
		this.shown[name] = key;
		dom.content(node, draw());
	},

	show(data) {
		if (data.failed)
			return this.put(this.notice, 'notice', data.failed.message, () => this.silent(data.failed));
		this.seen = Date.now();
		const status = data.status;
		const kind = this.kind(data);
		const boot = this.info?.boot ?? true;
		this.put(this.notice, 'notice', [ kind, boot ], () => this.daemon(kind, boot));
		/* the empty page has one sentence and one button */
		this.parts.forEach(part => part.style.display = (kind == 'none') ? 'none' : '');
		this.actions.querySelectorAll('button').forEach(b =>
			b.style.display = (status || b.dataset.action == 'wizard' && kind != 'none') ? '' : 'none');
		this.put(this.uplink, 'uplink', status?.line ?? null, () => status ? this.picture(status.line) : tag('em', {}, _('Only the running daemon sees the uplink.')));
		this.list(status?.accounts ?? {});
		homeward.tick(this.root);
	},

	kind(data) {
		if (data.status)
			return 'running';
		if (data.running)
			return 'starting';
		if (this.info?.accounts === 0)
			return 'none';
		return (this.info?.enabled === false) ? 'disabled' : 'ended';
	},

	silent(failed) {
		return tag('div', { 'class': 'alert-message warning', 'data-daemon': 'silent' },
			tag('p', {}, this.seen
				? _('The router does not answer. What is shown here is from %s.').format(new Date(this.seen).toLocaleTimeString())
				: _('The router does not answer.')),
			tag('p', { 'class': 'hw-dim' }, failed.message));
	},

	/* How the daemon is, in a sentence, with the button that mends it. */
	daemon(kind, boot) {
		const start = () => this.may.send ? homeward.button('start', _('Start'), 'apply', () => this.after(homeward.service('start'))) : null;
		const [ words, button ] = {
			running: () => boot ? [ null ] : [ _('homeward runs, and will not start when the router boots.'),
				this.may.send ? homeward.button('boot', _('Start at boot'), 'apply', () => this.after(homeward.service('enable'))) : null ],
			starting: () => [ _('homeward starts …') ],
			none: () => [ _('There is no account yet. Have the token or the password of your DynDNS service at hand.'),
				this.may.setup ? [ this.info?.ddns ? tag('a', { 'class': 'btn cbi-button cbi-button-action', 'data-action': 'import', 'href': L.url('admin/services/homeward/import') }, _('Take over from ddns-scripts')) : null,
					homeward.button('wizard', _('Set up dynamic DNS'), 'apply', () => this.add()) ] : null ],
			disabled: () => [ _('homeward is switched off: no address is published.'),
				this.may.setup ? homeward.button('enable', _('Switch on'), 'apply', () => this.enable()) : null ],
			ended: () => [ _('homeward does not run: no address is published.'), start() ]
		}[kind]();
		return tag('div', { 'class': words ? 'alert-message ' + (kind == 'ended' ? 'danger' : 'warning') : '', 'data-daemon': kind },
			words ? tag('div', { 'class': 'hw-row' }, tag('span', { 'class': 'hw-wide' }, words), button) : null);
	},

	enable() {
		return this.after(homeward.report(uci.load('homeward').then(() => {
			homeward.switchOn();
			return homeward.saveAndRun();
		})));
	},

	picture(line) {
		const notes = [];
		if (line.lans?.length > 1)
			notes.push(_('%s counts as the LAN, and %s could: if your hosts are there, set it as the LAN.').format(line.lans[0], line.lans.slice(1).join(', ')));
		if (line.prefix_wan_unknown)
			notes.push(_('There are several WANs, and by which of them the prefix came cannot be told: let their IPv6 interfaces filter by source.'));
		return [
			tag('div', { 'class': 'hw-line' },
				tag('div', { 'class': 'hw-stage' }, tag('strong', {}, _('Internet')), this.tile(line, 'ipv4', line.ipv4), this.tile(line, 'ipv6', line.ipv6)),
				tag('div', { 'class': 'hw-stage' }, tag('strong', {}, _('Router')), this.tile(line, 'delegated', (line.delegated ?? []).join(', '))),
				tag('div', { 'class': 'hw-stage' }, tag('strong', {}, _('LAN')), this.tile(line, 'prefix', line.prefix))),
			notes.map(n => tag('p', { 'data-note': 'line' }, n))
		].flat();
	},

	/* A value with its device, or why there is none and what to do. */
	tile(line, name, value) {
		const [ title, device ] = LINE[name];
		/* without a delegation, the tile of the LAN says what to do; a LAN may have a prefix without one */
		const missing = value ? null : line.missing?.[name] ?? ((name == 'delegated' && !line.prefix) ? { reason: 'not-delegated' } : null);
		return tag('div', { 'class': 'hw-tile', 'data-line': name, 'data-reason': missing ? missing.reason : null },
			tag('div', { 'class': 'hw-row' }, tag('span', { 'class': 'hw-wide' }, title),
				line[device] && value ? tag('span', { 'class': 'ifacebadge', 'data-device': line[device] }, line[device]) : null),
			value ? tag('div', { 'class': 'hw-value' }, value) : tag('div', { 'class': 'hw-value' }, '–'),
			missing?.text && REMEDIES[missing.reason] ? tag('div', { 'data-remedy': missing.reason }, REMEDIES[missing.reason]) : null,
			missing?.text ? tag('div', { 'class': 'hw-dim', 'data-text': '' }, missing.text) : null);
	},

	/* One card an account, in the order of their names. A card's buttons stay while its text changes. */
	list(accounts) {
		const names = Object.keys(accounts).sort();
		const order = names.join('\n');
		if (this.shown.order !== order) {
			this.shown.order = order;
			Object.keys(this.cards).filter(n => !names.includes(n)).forEach(n => delete this.cards[n] && delete this.shown['account ' + n]);
			dom.content(this.accounts, names.length
				? names.map(n => (this.cards[n] ??= this.card(n)).node)
				: tag('em', {}, _('No account is shown while homeward does not run.')));
		}
		names.forEach(n => {
			this.put(this.cards[n].badge, 'badge ' + n, accounts[n].state, () => homeward.badge(accounts[n].state));
			this.put(this.cards[n].body, 'account ' + n, accounts[n], () => this.body(accounts[n]));
		});
	},

	card(name) {
		const badge = tag('span', {}), body = tag('dl', {});
		const node = tag('div', { 'class': 'hw-card', 'data-account': name },
			tag('div', { 'class': 'hw-row' },
				tag('strong', {}, name), badge, tag('span', { 'class': 'hw-wide' }),
				this.may.send ? homeward.button('force', _('Send now'), 'action', () => this.after(homeward.force(name)),
					{ 'aria-label': _('Send now') + ': ' + name }) : null,
				this.may.setup ? tag('a', { 'class': 'btn cbi-button cbi-button-edit', 'data-action': 'edit', 'href': L.url('admin/services/homeward/accounts') + '#' + encodeURIComponent(name) }, _('Edit')) : null),
			body);
		delete this.shown['badge ' + name];
		return { node, badge, body };
	},

	body(a) {
		const rows = [];
		const row = (label, attrs, ...what) => rows.push(tag('dt', {}, label), tag('dd', attrs, ...what));
		row(_('Hosts'), { 'data-hosts': '' }, a.domains.join(', '), tag('span', { 'class': 'hw-dim' }, ' ' + _('at %s').format(a.service)));
		row(_('The service holds'), { 'data-accepted': '' }, a.accepted
			? [ tag('span', { 'class': 'hw-value' }, homeward.values(a.accepted)), ' ', _('since'), ' ', homeward.time(a.accepted.at) ]
			: _('nothing yet'));
		const due = homeward.values(a.want);
		if (a.state != 'current' && due && due != homeward.values(a.accepted))
			row(_('To be sent'), { 'data-due': '' }, tag('span', { 'class': 'hw-value' }, due));
		if (a.error)
			row(_('Why'), { 'data-error': '' }, a.error);
		if (a.reason && REMEDIES[a.reason])
			row(_('What to do'), { 'data-remedy': a.reason }, REMEDIES[a.reason]);
		if (a.next)
			row(_('Next attempt'), { 'data-next': '' }, homeward.time(a.next));
		if (a.note)
			row(_('Note'), { 'data-note': '' }, a.note);
		if (a.limit_24h)
			row(_('Requests in 24 hours'), {}, this.bar(a.used_24h, a.limit_24h));
		return rows;
	},

	bar(used, limit) {
		const words = _('%d of %d').format(used, limit);
		return tag('div', {
			'class': 'cbi-progressbar', 'title': words, 'role': 'progressbar', 'aria-label': _('Requests in 24 hours'), 'aria-valuetext': words,
			'data-used': used, 'aria-valuemin': 0, 'aria-valuenow': used, 'aria-valuemax': limit
		}, tag('div', { 'style': 'width: ' + Math.min(100, 100 * used / limit) + '%' }));
	},

	handleSaveApply: null,
	handleSave: null,
	handleReset: null
});
