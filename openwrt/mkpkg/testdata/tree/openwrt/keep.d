/etc/homeward/
