/* A stand-in for LuCI's client library, as much of it as homeward's page uses, for the tests. This file: text.
   Like LuCI's, it finds translations by the hash of the message, in window.TR. */
'use strict';

/* SuperFastHash of a text's UTF-8, in eight digits. */
function sfh(text) {
	const b = new TextEncoder().encode(text);
	if (!b.length)
		return null;
	const pair = i => b[i] | b[i + 1] << 8, signed = i => b[i] << 24 >> 24;
	let h = b.length, i = 0;
	for (; i + 4 <= b.length; i += 4) {
		h = h + pair(i) | 0;
		h = (h << 16) ^ (pair(i + 2) << 11 ^ h);
		h = h + (h >>> 11) | 0;
	}
	switch (b.length - i) {
	case 3:
		h = h + pair(i) | 0;
		h ^= h << 16;
		h ^= signed(i + 2) << 18;
		h = h + (h >>> 11) | 0;
		break;
	case 2:
		h = h + pair(i) | 0;
		h ^= h << 11;
		h = h + (h >>> 17) | 0;
		break;
	case 1:
		h = h + signed(i) | 0;
		h ^= h << 10;
		h = h + (h >>> 1) | 0;
	}
	h ^= h << 3;
	h = h + (h >>> 5) | 0;
	h ^= h << 4;
	h = h + (h >>> 17) | 0;
	h ^= h << 25;
	h = h + (h >>> 6) | 0;
	return (h >>> 0).toString(16).padStart(8, '0');
}

function _(text, context) {
	const key = (context ? context + '\u0001' : '') + text.trim().replace(/[ \t\n]+/g, ' ');
	return window.TR?.[sfh(key)] ?? text;
}

function N_(n, one, many, context) {
	const key = (context ? context + '\u0001' : '') + one + '\u0002' + (n == 1 ? 0 : 1);
	return window.TR?.[sfh(key)] ?? (n == 1 ? one : many);
}

/* %s, %d, %f, %x; %h is a text in HTML. */
String.prototype.format = function(...args) {
	return this.replace(/%(%|0?(\d*)(?:\.(\d+))?([sdfxhj]))/g, (all, what, width, digits, kind) => {
		if (what == '%')
			return '%';
		const arg = args.shift();
		const text = {
			s: () => String(arg ?? ''), d: () => String(Math.trunc(Number(arg) || 0)), f: () => (Number(arg) || 0).toFixed(digits ?? 6),
			x: () => (Number(arg) || 0).toString(16), j: () => JSON.stringify(arg),
			h: () => String(arg ?? '').replace(/[<>&"']/g, c => `&#${c.charCodeAt(0)};`)
		}[kind]();
		return text.padStart(Number(width) || 0, '0');
	});
};
