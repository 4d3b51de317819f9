package main

// kind is how a field of an object is read and shown.
type kind int

const (
	asText   kind = iota
	asScript      // text of several lines
	asHex
	asNumber
	asOctal
	asDependency // an object shown as name, comparison, version
	asXattr      // a name, a zero byte, any bytes
	asObject
	asList
)

// schema names the fields of an object, slot 1 first, or a list's one kind of
// item.
type schema []field

type field struct {
	name string
	kind kind
	of   schema // asObject: its fields; asList: one field, its items
}

// Slots that this program writes, as apk's schemas number them.
const (
	infoName, infoVersion, infoHashes, infoDescription, infoArch = 1, 2, 3, 4, 5
	infoLicense, infoOrigin, infoMaintainer, infoURL             = 6, 7, 8, 9
	infoInstalled, infoFileSize, infoDepends, infoProvides       = 12, 13, 15, 16
	infoSlots                                                    = 17

	pkgInfo, pkgPaths, pkgScripts, pkgSlots         = 1, 2, 3, 4
	dirName, dirACL, dirFiles, dirSlots             = 1, 2, 3, 4
	aclMode, aclUser, aclGroup, aclSlots            = 1, 2, 3, 4
	fileName, fileACL, fileSize, fileTime, fileHash = 1, 2, 3, 4, 5
	fileTarget, fileSlots                           = 6, 6
	scriptPostInstall, scriptPreDeinstall           = 3, 4
	scriptPostDeinstall, scriptPostUpgrade          = 5, 7
	scriptSlots                                     = 8
	indexPackages, indexSlots                       = 2, 3
)

func texts() schema        { return schema{{kind: asText}} }
func dependencies() schema { return schema{{kind: asDependency}} }

func infoSchema() schema {
	return schema{
		{name: "name"}, {name: "version"}, {name: "hashes", kind: asHex}, {name: "description"}, {name: "arch"},
		{name: "license"}, {name: "origin"}, {name: "maintainer"}, {name: "url"}, {name: "repo-commit", kind: asHex},
		{name: "build-time", kind: asNumber}, {name: "installed-size", kind: asNumber},
		{name: "file-size", kind: asNumber}, {name: "provider-priority", kind: asNumber},
		{name: "depends", kind: asList, of: dependencies()}, {name: "provides", kind: asList, of: dependencies()},
		{name: "replaces", kind: asList, of: dependencies()}, {name: "install-if", kind: asList, of: dependencies()},
		{name: "recommends", kind: asList, of: dependencies()}, {name: "layer", kind: asNumber},
		{name: "tags", kind: asList, of: texts()},
	}
}

func aclSchema() schema {
	return schema{
		{name: "mode", kind: asOctal}, {name: "user"}, {name: "group"},
		{name: "xattrs", kind: asList, of: schema{{kind: asXattr}}},
	}
}

func dirSchema() schema {
	files := schema{
		{name: "name"}, {name: "acl", kind: asObject, of: aclSchema()}, {name: "size", kind: asNumber},
		{name: "mtime", kind: asNumber}, {name: "hash", kind: asHex}, {name: "target", kind: asHex},
	}
	return schema{
		{name: "name"}, {name: "acl", kind: asObject, of: aclSchema()},
		{name: "files", kind: asList, of: schema{{kind: asObject, of: files}}},
	}
}

func packageSchema() schema {
	scripts := schema{
		{name: "trigger", kind: asScript}, {name: "pre-install", kind: asScript},
		{name: "post-install", kind: asScript}, {name: "pre-deinstall", kind: asScript},
		{name: "post-deinstall", kind: asScript}, {name: "pre-upgrade", kind: asScript},
		{name: "post-upgrade", kind: asScript},
	}
	return schema{
		{name: "info", kind: asObject, of: infoSchema()},
		{name: "paths", kind: asList, of: schema{{kind: asObject, of: dirSchema()}}},
		{name: "scripts", kind: asObject, of: scripts},
		{name: "triggers", kind: asList, of: texts()},
		{name: "replaces-priority", kind: asNumber},
	}
}

func indexSchema() schema {
	return schema{
		{name: "description"},
		{name: "packages", kind: asList, of: schema{{kind: asObject, of: infoSchema()}}},
		{name: "pkgname-spec"},
	}
}
