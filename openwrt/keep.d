/etc/homeward.apikey
/etc/homeward.toml
/etc/homeward/
/etc/hotplug.d/homeward/
