'use strict';
'require baseclass';
'require dom';
'require rpc';
'require uci';
'require ui';

/* What a service, a host or the configuration says is foreign text. LuCI takes a string for HTML, and the
   members of an array for text: foreign text always goes through tag(), which makes an array of it. */

const STATUS = '/var/run/homeward/status.json';
const RUN_TRIES = 10, RUN_WAIT = 500; /* ms: five seconds for procd and a slow router */
const NOT_FOUND = 4; /* UBUS_STATUS_NOT_FOUND */

const callFile = rpc.declare({ object: 'file', method: 'read', params: [ 'path' ] });
const callList = rpc.declare({ object: 'service', method: 'list', params: [ 'name' ], reject: true });
const callInfo = rpc.declare({ object: 'homeward', method: 'info', reject: true });
const callForce = rpc.declare({ object: 'homeward', method: 'force', params: [ 'account' ], reject: true });
const callService = rpc.declare({ object: 'homeward', method: 'service', params: [ 'action' ], reject: true });
const callCheck = rpc.declare({ object: 'homeward', method: 'check', params: [ 'config' ], reject: true });
const callServices = rpc.declare({ object: 'homeward', method: 'services', reject: true });
const callAccess = rpc.declare({ object: 'session', method: 'access', params: [ 'scope', 'object', 'function' ], expect: { access: false } });
const callRevert = rpc.declare({ object: 'uci', method: 'revert', params: [ 'config' ] });
const callCommit = rpc.declare({ object: 'uci', method: 'commit', params: [ 'config' ], reject: true });

const STYLE = `
.hw-row { display: flex; flex-wrap: wrap; gap: .5em; align-items: center }
.hw-row > .hw-wide { flex: 1; min-width: 10em }
.hw-badge { display: inline-block; padding: .1em .7em; border-radius: 1em; color: #fff; background: #5a6268; white-space: nowrap }
.hw-good { background: #1e7e34 } .hw-busy { background: #0b5ed7 } .hw-warn { background: #9a5b00 } .hw-bad { background: #b3261e }
.hw-line { display: flex; flex-wrap: wrap; gap: 1.6em; margin: 1em 0 }
.hw-stage { flex: 1 1 15em; min-width: 0; position: relative; display: flex; flex-direction: column; gap: .6em }
.hw-stage + .hw-stage::before { content: "\\2192"; position: absolute; left: -1.3em; top: 1.6em; font-size: 120% }
.hw-tile, .hw-card { border: 1px solid rgba(128, 128, 128, .5); border-radius: .3em; padding: .5em .8em; overflow-wrap: anywhere }
.hw-tile { border-left: .35em solid #1e7e34 }
.hw-tile[data-reason] { border-left-color: #c77700 }
.hw-value { font-family: monospace; font-size: 115% }
.hw-dim { opacity: .75; font-size: 90% }
.hw-card { margin: .7em 0 }
.hw-card dl { display: grid; grid-template-columns: minmax(7em, max-content) 1fr; gap: .3em 1em; margin: .6em 0 0 }
.hw-card dt { opacity: .75; font-weight: normal }
.hw-card dd { margin: 0; min-width: 0 }
.hw-hint { min-height: 1.5em }
.hw-entry { border-top: 1px solid rgba(128, 128, 128, .3); padding: .3em 0 }
.hw-text { flex: 1 1 20em; min-width: 0; overflow-wrap: anywhere }
.hw-fault { border-left: .3em solid #b3261e; padding: .1em .6em; margin: .3em 0; overflow-wrap: anywhere }
@media (max-width: 600px) {
	.hw-line { flex-direction: column }
	.hw-stage { flex-basis: auto }
	.hw-stage + .hw-stage::before { content: "\\2193"; left: .2em; top: -1.4em }
	.hw-card dl { grid-template-columns: 1fr; gap: 0 }
	.hw-card dd { margin-bottom: .4em }
}`;

const STATES = {
	current: [ _('Current'), 'hw-good' ],
	due: [ _('Due'), 'hw-busy' ],
	retrying: [ _('Trying again'), 'hw-warn' ],
	limited: [ _('Waits for a limit'), 'hw-warn' ],
	stopped: [ _('Stopped'), 'hw-bad' ],
	waiting: [ _('Waits for an address'), '' ]
};

/* An element of attributes, and of text and nodes: never of HTML. */
function tag(name, attrs, ...children) {
	return E(name, attrs, children.flat(2).filter(c => c != null));
}

function clock(iso) {
	return new Date(iso).toLocaleString(document.documentElement.lang || undefined);
}

/* "in 5 minutes", "2 hours ago", in the page's language. */
function relative(iso) {
	const seconds = (new Date(iso) - Date.now()) / 1000;
	const [ unit, size ] = [ [ 'day', 86400 ], [ 'hour', 3600 ], [ 'minute', 60 ] ].find(u => Math.abs(seconds) >= u[1]) ?? [ 'second', 1 ];
	return new Intl.RelativeTimeFormat(document.documentElement.lang || 'en', { numeric: 'auto' }).format(Math.trunc(seconds / size), unit);
}

function moment(iso) {
	return clock(iso) + ' (' + relative(iso) + ')';
}

function isRunning(list) {
	return Object.values(list?.homeward?.instances ?? {}).some(i => i.running);
}

/* '1' and '0' for the words that UCI has for on and off; anything else stays. */
function flag(value) {
	return [ 'on', 'true', 'yes', 'enabled' ].includes(value) ? '1' : [ 'off', 'false', 'no', 'disabled' ].includes(value) ? '0' : value;
}

/* Spells a value as uci export does. */
function quoted(value) {
	return "'" + String(value).replace(/'/g, "'\\''") + "'";
}

return baseclass.extend({
	tag, clock, flag,
	info: callInfo,

	style() {
		return E('style', {}, [ STYLE ]);
	},

	badge(state) {
		const [ word, kind ] = STATES[state] ?? [ state, '' ];
		return tag('span', { 'class': 'hw-badge ' + kind, 'data-state': state }, word);
	},

	/* A moment that tick keeps up to date. */
	time(iso) {
		return tag('time', { 'datetime': iso }, moment(iso));
	},

	tick(root) {
		root.querySelectorAll('time[datetime]').forEach(t => dom.content(t, [ moment(t.getAttribute('datetime')) ]));
	},

	values(v) {
		return [ v?.ipv4, v?.ipv6, v?.prefix ].filter(x => x).join(', ');
	},

	button(action, label, kind, handler, attrs) {
		return tag('button', Object.assign({
			'type': 'button',
			'class': 'btn cbi-button cbi-button-' + kind,
			'data-action': action,
			'click': ui.createHandlerFn(this, handler)
		}, attrs), label);
	},

	/* One request of two calls, and no process on the router. Resolves to {status} of a daemon that runs, to
	   {running} without a status, and rejects where the router does not answer. */
	read() {
		return Promise.all([ callFile(STATUS), callList('homeward') ]).then(([ file, list ]) => {
			if (typeof file == 'number' && file != NOT_FOUND)
				throw new Error(rpc.getStatusText(file));
			const running = isRunning(list);
			return (running && file?.data) ? { status: JSON.parse(file.data) } : { running };
		});
	},

	/* What this user may do. Who may set up sees the secrets, too. */
	rights() {
		return Promise.all([ callAccess('ubus', 'homeward', 'force'), callAccess('uci', 'homeward', 'write') ])
			.then(([ send, setup ]) => ({ send, setup }));
	},

	services() {
		return callServices().then(answer => answer.services ?? []);
	},

	/* Shows what a call has answered, or why it failed. Resolves to whether it was well. */
	report(call) {
		const show = (kind, text) => ui.addNotification(null, tag('p', { 'data-answer': kind, 'style': 'white-space: pre-wrap; overflow-wrap: anywhere' }, text),
			(kind == 'error') ? 'danger' : 'info');
		return call.then(answer => {
			if (answer?.error)
				throw new Error(answer.error);
			if (answer?.output)
				show('output', answer.output);
			return true;
		}).catch(e => {
			show('error', e.message);
			return false;
		});
	},

	force(account) {
		return this.report(callForce(account ?? ''));
	},

	service(action) {
		return this.report(callService(action));
	},

	/* The configuration as uci export writes it, with what is not saved yet, and the section's id of each line. */
	config() {
		const text = [], ids = [];
		uci.sections('homeward').forEach(s => {
			const sid = s['.name'];
			const name = s['.create'] ?? (s['.anonymous'] ? null : sid);
			const put = line => {
				text.push(line);
				line.split('\n').forEach(() => ids.push(sid));
			};
			put('config ' + s['.type'] + (name ? ' ' + quoted(name) : ''));
			Object.keys(s).filter(k => k[0] != '.').forEach(k => {
				const value = uci.get('homeward', sid, k);
				if (Array.isArray(value))
					value.forEach(v => put(`\tlist ${k} ${quoted(v)}`));
				else if (value != null && value !== '')
					put(`\toption ${k} ${quoted(value)}`);
			});
		});
		return { text: text.join('\n') + '\n', ids };
	},

	/* The daemon's own check of what would be saved. A fault has its section's id as sid, its option and its text. */
	check() {
		const { text, ids } = this.config();
		return callCheck(text).then(answer => {
			if (answer.error)
				throw new Error(answer.error);
			const on = flag(uci.get('homeward', 'main', 'enabled')) == '1';
			/* of no place: that no account is on, which is well where homeward is off */
			const whole = f => !f.line && !f.section;
			const located = faults => faults.map(f => Object.assign({ sid: ids[f.line - 1] }, f));
			return {
				faults: located(answer.faults).filter(f => on || !whole(f))
					.map(f => whole(f) ? Object.assign(f, { text: f.text + ' ' + _('To go without, switch homeward off, too.') }) : f),
				warnings: located(answer.warnings)
			};
		});
	},

	/* A fault's text, for below its option, or with a label for a list. */
	fault(f, label) {
		return tag('div', { 'class': 'hw-fault cbi-input-invalid', 'role': 'alert', 'data-fault': f.option ?? '' },
			label ? tag('strong', {}, label + ': ') : null, f.text);
	},

	/* Forgets what is not saved, and reads what the router has now. */
	forget() {
		uci.unload('homeward');
		return uci.load('homeward');
	},

	switchOn() {
		uci.set('homeward', uci.get('homeward', 'main') ? 'main' : uci.add('homeward', 'homeward', 'main'), 'enabled', '1');
	},

	/* Saves, makes it the router's configuration and sees that the daemon runs, now and at each boot. Changes of
	   other packages that wait to be applied go on waiting. What cannot be saved is taken back, and rejects; what fails
	   afterwards is shown alone. then, where it is given, is done once it is saved. */
	saveAndRun(then) {
		return uci.save().then(() => callCommit('homeward'))
			.catch(e => L.resolveDefault(callRevert('homeward')).then(() => Promise.reject(e)))
			.then(() => this.report(ui.changes.init()
				.then(() => then?.())
				.then(() => callService('enable'))
				.then(() => this.run(RUN_TRIES))));
	},

	/* procd reloads a service whose configuration changes, a second later, unless it was stopped: only then, or if it
	   has a fault to tell, it is started here. Two init scripts at a time would write the same file. */
	run(tries) {
		return callList('homeward').then(list => {
			if (isRunning(list))
				return true;
			if (!tries)
				return this.service('start');
			return new Promise(done => window.setTimeout(done, RUN_WAIT)).then(() => this.run(tries - 1));
		});
	}
});
