'use strict';
'require baseclass';

/* A stand-in for LuCI's: the calls of one moment go in one request. */

const WORDS = [ 'Command OK', 'Invalid command', 'Invalid argument', 'Method not found', 'Resource not found', 'No data received', 'Permission denied', 'Request timeout',
	'Not supported', 'Unspecified error', 'Connection lost' ];

let id = 0, waiting = [];

function send() {
	const batch = waiting;
	waiting = [];
	fetch(L.env.ubuspath, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(batch.map(c => c.message)) }).then(res => {
		if (!res.ok)
			throw new Error(`RPC call failed with HTTP error ${res.status}: ${res.statusText || '?'}`);
		return res.json();
	}).then(replies => batch.forEach((c, i) => c.done(replies[i])), e => batch.forEach(c => c.failed(e)));
}

function call(object, method, args) {
	return new Promise((done, failed) => {
		if (!waiting.length)
			window.setTimeout(send, 0);
		waiting.push({ done, failed, message: { jsonrpc: '2.0', id: ++id, method: 'call', params: [ L.env.sessionid, object, method, args ] } });
	});
}

const kind = v => Object.prototype.toString.call(v);

return baseclass.extend({
	declare(o) {
		const name = `RPC call to ${o.object}/${o.method}`;
		return (...values) => {
			const args = {};
			(o.params ?? []).forEach((p, i) => args[p] = values[i]);
			return call(o.object, o.method, args).then(reply => {
				if (reply.error)
					L.raise('RPCError', '%s failed with error %d: %s', name, reply.error.code, reply.error.message);
				let [ code, value ] = reply.result;
				if (o.reject && code !== 0)
					L.raise('RPCError', '%s failed with ubus code %d: %s', name, code, this.getStatusText(code));
				if (reply.result.length < 2)
					value = code;
				for (const key in o.expect ?? {}) {
					if (value != null && key != '')
						value = value[key];
					if (value == null || kind(value) != kind(o.expect[key]))
						value = o.expect[key];
				}
				return o.filter ? o.filter(value, values) : value;
			});
		};
	},

	getStatusText: code => WORDS[code] ?? 'Unknown error code'
});
