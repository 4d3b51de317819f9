'use strict';
'require baseclass';
return baseclass.extend({ word() { return _('Send now'); } });
