'use strict';
'require baseclass';
'require form';
'require network';
'require ui';

/* A stand-in for LuCI's: the choice of an interface. */

const NetworkSelect = form.ListValue.extend({
	__name__: 'CBI.NetworkSelect',

	load(sid) {
		return network.getNetworks().then(networks => {
			this.networks = networks;
			return this.super('load', [ sid ]);
		});
	},

	renderIfaceBadge: network => E('span', { 'class': 'ifacebadge' }, [ network.getName() + ':' ]),

	renderWidget(sid, index, value) {
		const choices = Object.fromEntries(this.networks.map(n => [ n.getName(), this.renderIfaceBadge(n) ]));
		return new ui.Dropdown(value, choices, this.widgetOptions(sid)).render();
	}
});

return baseclass.extend({ NetworkSelect });
