'use strict';
'require baseclass';

/* A stand-in for the theme's menu: the tabs of the page that is shown. */

return baseclass.extend({
	__init__() {
		fetch(L.url('admin/menu')).then(res => res.json()).then(tree => {
			const at = L.env.dispatchpath.slice(0, 3);
			const node = at.reduce((n, part) => n?.children?.[part], tree);
			const tabs = Object.entries(node?.children ?? {}).filter(([ , n ]) => n.satisfied && n.title).sort((a, b) => a[1].order - b[1].order);
			const menu = document.getElementById('tabmenu');
			if (!tabs.length)
				return;
			menu.appendChild(E('ul', { 'class': 'tabs' }, tabs.map(([ name, n ]) => E('li', { 'class': name == L.env.dispatchpath[3] ? 'active' : '' },
				[ E('a', { 'href': L.url(...at, name) }, [ _(n.title) ]) ]))));
			menu.style.display = '';
		});
	}
});
