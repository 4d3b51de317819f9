'use strict';
'require baseclass';
'require homeward';

const tag = homeward.tag;

return baseclass.extend({
	title: _('Dynamic DNS (homeward)'),

	load() {
		return homeward.read().catch(() => null);
	},

	/* Of a user without the right to see the state, and of a router that does not answer, nothing is shown. */
	render(data) {
		if (!data)
			return null;
		if (!data.status)
			return tag('div', { 'data-daemon': data.running ? 'starting' : 'ended' }, tag('em', {}, data.running ? _('homeward starts …') : _('homeward does not run: no address is published.')));
		const { line, accounts } = data.status;
		const row = (label, attrs, ...what) => tag('tr', Object.assign({ 'class': 'tr' }, attrs), tag('td', { 'class': 'td left hw-text', 'style': 'width: 33%' }, label), tag('td', { 'class': 'td left hw-text' }, ...what));
		return E([
			homeward.style(),
			tag('table', { 'class': 'table' },
				row(_('Prefix of the LAN'), { 'data-line': 'prefix' }, line.prefix ?? '–', line.prefix && line.lan ? ' (' + line.lan + ')' : null),
				Object.keys(accounts).sort().map(n => row(n, { 'data-account': n },
					homeward.badge(accounts[n].state), ' ', accounts[n].domains.join(', '), ' ',
					tag('span', { 'class': 'hw-dim' }, accounts[n].error ?? homeward.values(accounts[n].accepted)))))
		]);
	}
});
