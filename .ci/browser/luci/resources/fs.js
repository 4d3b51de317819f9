'use strict';
'require baseclass';
'require rpc';

/* A stand-in for LuCI's. */

return baseclass.extend({
	read: path => rpc.declare({ object: 'file', method: 'read', params: [ 'path' ], expect: { data: '' }, reject: true })(path)
});
