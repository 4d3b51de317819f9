'use strict';
'require view';
'require dom';
'require poll';
'require rpc';
'require homeward';

const tag = homeward.tag;
const callLog = rpc.declare({ object: 'homeward', method: 'log', params: [ 'lines' ], reject: true });

const LINES = 500;
const SEVERITIES = {
	debug: [ _('Detail'), '' ],
	info: [ _('Notice'), 'hw-good' ],
	warn: [ _('Warning'), 'hw-warn' ],
	err: [ _('Error'), 'hw-bad' ]
};

return view.extend({
	load() {
		return callLog(LINES).catch(failed => ({ error: failed.message }));
	},

	render(answer) {
		const least = this.least = tag('select', { 'class': 'cbi-input-select', 'id': 'hw-severity', 'data-filter': 'severity', 'change': () => this.draw() },
			Object.keys(SEVERITIES).map(s => tag('option', { 'value': s, 'selected': s == 'info' ? '' : null }, SEVERITIES[s][0])));
		const text = this.text = tag('input', { 'type': 'search', 'class': 'cbi-input-text', 'id': 'hw-text', 'data-filter': 'text', 'placeholder': _('Filter'), 'aria-label': _('Filter'), 'input': () => this.draw() });
		this.body = tag('div', {});
		this.show(answer);
		poll.add(() => this.refresh(), 10);
		return tag('div', { 'id': 'homeward-log' }, homeward.style(),
			tag('h2', { 'name': 'content' }, _('Log of homeward')),
			tag('div', { 'class': 'hw-row' },
				tag('label', { 'for': 'hw-severity' }, _('At least')), least, text,
				homeward.button('refresh', _('Refresh'), 'action', () => this.refresh())),
			this.body);
	},

	refresh() {
		return this.load().then(answer => this.show(answer));
	},

	show(answer) {
		if (!answer.error)
			this.lines = answer.log;
		this.error = answer.error;
		this.draw();
	},

	/* The newest stands on top. */
	draw() {
		const words = Object.keys(SEVERITIES);
		const least = words.indexOf(this.least.value), part = this.text.value.toLowerCase();
		const lines = (this.lines ?? []).filter(l => words.indexOf(l.severity) >= least && l.text.toLowerCase().includes(part)).reverse();
		dom.content(this.body, [
			this.error ? tag('div', { 'class': 'alert-message warning', 'data-error': '' }, this.error) : null,
			tag('div', { 'data-log': '' }, lines.map(l => tag('div', { 'class': 'hw-row hw-entry', 'data-severity': l.severity },
				tag('span', {}, homeward.clock(l.time * 1000)),
				tag('span', { 'class': 'hw-badge ' + (SEVERITIES[l.severity]?.[1] ?? '') }, SEVERITIES[l.severity]?.[0] ?? l.severity),
				tag('span', { 'class': 'hw-text' }, l.text)))),
			lines.length ? null : tag('em', {}, _('There is no such line.'))
		].filter(x => x));
	},

	handleSaveApply: null,
	handleSave: null,
	handleReset: null
});
