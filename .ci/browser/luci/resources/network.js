'use strict';
'require baseclass';
'require rpc';

/* A stand-in for LuCI's: the interfaces of the router. */

const dump = rpc.declare({ object: 'network.interface', method: 'dump', expect: { interface: [] }, reject: true });

return baseclass.extend({
	getNetworks: () => dump().then(list => list.map(i => ({ getName: () => i.interface, getL3Device: () => ({ getName: () => i.l3_device }) })))
});
