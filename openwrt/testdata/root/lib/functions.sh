# Stands in for OpenWrt's. uci export is one option a line here, its values
# without quotes in them; sections without a name are numbered.
config_load() {
	local kind name value n=0

	sections=
	while read -r kind name value; do
		value=${value#\'}
		value=${value%\'}
		case "$kind" in
			config)
				n=$((n + 1))
				section=${value:-cfg$n}
				sections="$sections $name:$section"
				;;
			option) eval "CONFIG_${section}_$name=\$value";;
			list) eval "CONFIG_${section}_$name=\"\${CONFIG_${section}_$name:+\$CONFIG_${section}_$name }\$value\"";;
		esac
	done <<-EOF
		$(uci -q export "$1")
	EOF
}

config_get() {
	eval "$1=\"\${CONFIG_$2_$3:-\$4}\""
}

config_get_bool() {
	config_get "$@"
	eval "case \$$1 in 1|on|true|yes|enabled) $1=1;; *) $1=0;; esac"
}

config_foreach() {
	local s function="$1" type="$2"

	shift 2
	for s in $sections; do
		[ "${s%%:*}" != "$type" ] || "$function" "${s#*:}" "$@"
	done
}
