# What INPUTS=debian takes from Debian in another form than Buildroot's own packages have it (BR2_PACKAGE_OVERRIDE_FILE).

# Programs that Buildroot builds for its own use, and that the pinned build system has: linked, not built.
DEBIAN_NOTHING = /inputs/nothing

# debian-programs: the programs in $(2), into the folder $(1) of the host tree
define debian-programs
	@mkdir -p $(HOST_DIR)/bin $(HOST_DIR)/sbin $(HOST_DIR)/share/aclocal
	$(foreach program,$(2),\
		@path=`command -v $(program)` && ln -sf $$path $(HOST_DIR)/$(1)/$(program) || \
			{ echo "the build system has no $(program): add its package to scripts/iso/buildroot/packages.ts"; exit 1; }$(sep))
endef

# debian-host: the host package $(1) is what Debian has; $(2) the folder, $(3) the programs that others call by path
define debian-host
HOST_$(1)_OVERRIDE_SRCDIR = $$(DEBIAN_NOTHING)
override HOST_$(1)_DEPENDENCIES := host-skeleton
override HOST_$(1)_AUTORECONF := NO
override HOST_$(1)_AUTOPOINT := NO
override HOST_$(1)_CONFIGURE_CMDS = @true
override HOST_$(1)_BUILD_CMDS = @true
override HOST_$(1)_INSTALL_CMDS = $$(call debian-programs,$(2),$(3))
endef

$(eval $(call debian-host,ACL,bin,))
$(eval $(call debian-host,ATTR,bin,))
$(eval $(call debian-host,AUTOCONF,bin,autoconf autoheader autom4te autoreconf autoscan autoupdate ifnames))
$(eval $(call debian-host,AUTOCONF_ARCHIVE,bin,))
$(eval $(call debian-host,AUTOMAKE,bin,automake aclocal))
$(eval $(call debian-host,BISON,bin,bison))
$(eval $(call debian-host,EXPAT,bin,))
$(eval $(call debian-host,FAKEROOT,bin,fakeroot))
$(eval $(call debian-host,FLEX,bin,flex))
$(eval $(call debian-host,GETTEXT_TINY,bin,msgfmt msgmerge xgettext autopoint gettext gettextize))
$(eval $(call debian-host,KMOD,sbin,depmod modprobe insmod))
$(eval $(call debian-host,LIBEVENT,bin,))
$(eval $(call debian-host,LIBFFI,bin,))
$(eval $(call debian-host,LIBGLIB2,bin,glib-mkenums glib-genmarshal))
$(eval $(call debian-host,LIBNL,bin,))
$(eval $(call debian-host,LIBTIRPC,bin,))
$(eval $(call debian-host,LIBTOOL,bin,libtoolize))
$(eval $(call debian-host,LIBXCRYPT,bin,))
$(eval $(call debian-host,LIBZLIB,bin,))
$(eval $(call debian-host,M4,bin,m4))
$(eval $(call debian-host,MESON,bin,meson))
$(eval $(call debian-host,NCURSES,bin,tic infocmp))
$(eval $(call debian-host,NFS_UTILS,bin,rpcgen))
$(eval $(call debian-host,NINJA,bin,ninja))
$(eval $(call debian-host,PATCHELF,bin,patchelf))
$(eval $(call debian-host,PCRE2,bin,))
$(eval $(call debian-host,PKGCONF,bin,pkgconf))
$(eval $(call debian-host,PYTHON3,bin,python3))
$(eval $(call debian-host,PYTHON_SETUPTOOLS,bin,))
$(eval $(call debian-host,SQLITE,bin,))
$(eval $(call debian-host,UTIL_LINUX,bin,))
$(eval $(call debian-host,ZSTD,bin,zstd))

# Packages whose tarball Debian has in another version or form than Buildroot's: Debian's source instead, without
# Buildroot's patches. Where it comes without a configure script, one is made.
define debian-source
$(1)_OVERRIDE_SRCDIR = /inputs/debian/$(2)
$(if $(wildcard /inputs/debian/$(2)/configure),,override $(1)_AUTORECONF := YES)
endef

$(eval $(call debian-source,BTRFS_PROGS,btrfs-progs))
$(eval $(call debian-source,CRYPTSETUP,cryptsetup))
$(eval $(call debian-source,DDRESCUE,ddrescue))
$(eval $(call debian-source,DMIDECODE,dmidecode))
$(eval $(call debian-source,E2FSPROGS,e2fsprogs))
$(eval $(call debian-source,F2FS_TOOLS,f2fs-tools))
$(eval $(call debian-source,HDPARM,hdparm))
$(eval $(call debian-source,INIH,inih))
$(eval $(call debian-source,JSON_C,json-c))
$(eval $(call debian-source,KBD,kbd))
$(eval $(call debian-source,KMOD,kmod))
$(eval $(call debian-source,LESS,less))
$(eval $(call debian-source,LIBAIO,libaio))
$(eval $(call debian-source,LIBARGON2,libargon2))
$(eval $(call debian-source,LIBFFI,libffi))
$(eval $(call debian-source,LIBFUSE3,libfuse3))
$(eval $(call debian-source,LIBGLIB2,libglib2))
$(eval $(call debian-source,LIBNL,libnl))
$(eval $(call debian-source,LIBTIRPC,libtirpc))
$(eval $(call debian-source,LIBURCU,liburcu))
$(eval $(call debian-source,LIBZLIB,libzlib))
$(eval $(call debian-source,LVM2,lvm2))
$(eval $(call debian-source,MDADM,mdadm))
$(eval $(call debian-source,MTOOLS,mtools))
$(eval $(call debian-source,NANO,nano))
$(eval $(call debian-source,NCURSES,ncurses))
$(eval $(call debian-source,NFS_UTILS,nfs-utils))
$(eval $(call debian-source,NTFS_3G,ntfs-3g))
$(eval $(call debian-source,NVME,nvme))
$(eval $(call debian-source,PCIUTILS,pciutils))
$(eval $(call debian-source,PCRE2,pcre2))
$(eval $(call debian-source,PERMAFROST_PARTCLONE,permafrost-partclone))
$(eval $(call debian-source,POPT,popt))
$(eval $(call debian-source,RPCBIND,rpcbind))
$(eval $(call debian-source,RSYNC,rsync))
$(eval $(call debian-source,SMARTMONTOOLS,smartmontools))
$(eval $(call debian-source,SQLITE,sqlite))
$(eval $(call debian-source,TAR,tar))
$(eval $(call debian-source,XFSPROGS,xfsprogs))
$(eval $(call debian-source,XZ,xz))
$(eval $(call debian-source,ZSTD,zstd))
