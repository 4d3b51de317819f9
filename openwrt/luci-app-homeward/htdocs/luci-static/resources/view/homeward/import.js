'use strict';
'require view';
'require dom';
'require rpc';
'require uci';
'require ui';
'require homeward';

const tag = homeward.tag;
const callImport = rpc.declare({ object: 'homeward', method: 'import', reject: true });
const callStop = rpc.declare({ object: 'homeward', method: 'stop_ddns', reject: true });

/* Options whose values are no secret. */
const SHOWN = [ 'service', 'template', 'server', 'domain', 'publish', 'username', 'wan', 'wan6', 'detect', 'poll', 'checkip', 'one_address', 'answer', 'zone', 'key_name' ];

/* Reads what homeward import has written: comments belong to the section that follows them, and those that
   begin with "not taken over: config" stand for a section that does not come. */
function parse(text) {
	const accounts = [], lost = [];
	let enabled = false, notes = [], section = null, quote = null;
	text.split('\n').forEach(line => {
		let m;
		if (quote != null) {
			quote += '\n' + line;
		}
		else if ((m = line.match(/^# not taken over: config (.*)$/))) {
			if (!m[1].startsWith("ddns '")) /* what holds for ddns-scripts as a whole */
				lost.push(m[1]);
			section = null;
			return;
		}
		else if ((m = line.match(/^# ?(.*)$/))) {
			if (line[1] != '\t')
				notes.push(m[1]);
			return;
		}
		else if ((m = line.match(/^config (\S+) '([^']*)'$/))) {
			section = { type: m[1], name: m[2], notes, options: {} };
			notes = [];
			if (section.type == 'account')
				accounts.push(section);
			return;
		}
		else {
			if (!line)
				notes = [];
			quote = line;
		}
		if (!section || !(m = quote.match(/^\t(option|list) (\S+) '((?:[^']|'\\'')*)'$/))) {
			quote = (section && /^\t(option|list) \S+ '/.test(quote)) ? quote : null;
			return;
		}
		quote = null;
		const value = m[3].replace(/'\\''/g, "'");
		if (section.type == 'homeward')
			enabled ||= m[2] == 'enabled' && value == '1';
		else if (m[1] == 'list')
			(section.options[m[2]] ??= []).push(value);
		else
			section.options[m[2]] = value;
	});
	return { accounts, lost, enabled };
}

return view.extend({
	load() {
		return Promise.all([ callImport().catch(e => ({ error: e.message })), uci.load('homeward') ]);
	},

	render([ answer ]) {
		this.plan = answer.error ? null : parse(answer.config);
		this.faults = tag('div', { 'data-faults': 'page' });
		return tag('div', { 'id': 'homeward-import' }, homeward.style(),
			tag('h2', { 'name': 'content' }, _('Take over from ddns-scripts')),
			this.plan ? this.preview(this.plan) : tag('div', { 'class': 'alert-message warning', 'data-error': '' }, answer.error),
			this.faults);
	},

	preview(plan) {
		return [
			tag('p', {}, _('This is what /etc/config/ddns becomes. Passwords and tokens come with it, and are not shown here.')),
			tag('div', { 'data-import': '' }, plan.accounts.length ? plan.accounts.map(a => this.card(a)) : tag('em', {}, _('Nothing of it can be taken over.'))),
			plan.lost.length ? tag('div', { 'class': 'cbi-section' }, tag('h3', {}, _('Not taken over')),
				tag('ul', {}, plan.lost.map(l => tag('li', { 'data-lost': '' }, l)))) : null,
			plan.accounts.length ? tag('p', {}, _('One button saves these accounts, stops ddns-scripts for good and starts homeward.')) : null,
			plan.accounts.length ? homeward.button('take-over', _('Take over'), 'positive important', () => this.takeOver(plan)) : null
		];
	},

	card(a) {
		const rows = Object.keys(a.options).filter(k => k != 'enabled')
			.map(k => [ tag('dt', {}, k), tag('dd', {}, SHOWN.includes(k) ? [ a.options[k] ].flat().join(', ') : '•••') ]);
		return tag('div', { 'class': 'hw-card', 'data-account': a.name },
			tag('div', { 'class': 'hw-row' }, tag('strong', {}, a.name),
				a.options.enabled == '0' ? tag('span', { 'class': 'hw-badge' }, _('off')) : null),
			tag('dl', {}, rows),
			a.notes.map(n => tag('div', { 'data-note': '', 'class': 'hw-dim' }, n)));
	},

	/* Adds the accounts beside those that there are. With a fault nothing is changed. */
	takeOver(plan) {
		dom.content(this.faults, null);
		return homeward.forget().then(() => {
			this.add(plan);
			return homeward.check();
		}).then(({ faults }) => {
			if (faults.length) {
				dom.content(this.faults, faults.map(f => homeward.fault(f, [ f.section, f.option ].filter(x => x).join(' · '))));
				return homeward.forget();
			}
			/* where ddns-scripts does not stop, the page stays and says so */
			let stopped = false;
			return homeward.saveAndRun(() => homeward.report(callStop()).then(well => stopped = well))
				.then(() => stopped && location.assign(L.url('admin/services/homeward/state')));
		}).catch(e => {
			dom.content(this.faults, homeward.fault({ text: e.message }));
			return homeward.forget();
		});
	},

	/* Under names that no other section has now. */
	add(plan) {
		plan.accounts.forEach(a => {
			let name = a.name;
			for (let n = 2; uci.sections('homeward').some(s => (s['.create'] ?? s['.name']) == name); n++)
				name = `${a.name}_${n}`;
			const sid = uci.add('homeward', 'account', name);
			Object.keys(a.options).forEach(k => uci.set('homeward', sid, k, a.options[k]));
		});
		if (plan.enabled)
			homeward.switchOn();
	},

	handleSaveApply: null,
	handleSave: null,
	handleReset: null
});
