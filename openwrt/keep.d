/etc/homeward.apikey
/etc/homeward.toml
/etc/homeward/
