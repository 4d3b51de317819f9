'use strict';
'require view';
'require poll';
'require dom';

/* A stand-in for LuCI's overview: the block of homeward alone, loaded and drawn anew at each poll. */

return view.extend({
	load: () => L.require('view.status.include.35_homeward'),

	render(block) {
		const place = E('div', { 'class': 'cbi-section' });
		const draw = () => Promise.resolve(block.load()).then(data => block.render(data)).then(node => {
			const title = E('h3', {}, block.title ?? '');
			dom.content(place, node ? [ title, node ] : []);
		});
		poll.add(draw);
		return E('div', {}, [ E('h2', {}, [ _('Status') ]), place ]);
	},

	handleSaveApply: null,
	handleSave: null,
	handleReset: null
});
