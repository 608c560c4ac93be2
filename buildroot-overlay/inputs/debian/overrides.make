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
# Ninja is called by its path, and comes with Meson in Buildroot.
$(eval $(call debian-host,MESON,bin,meson ninja))
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
# Buildroot's patches. Where it comes without a configure script, or Debian's patches have changed what that is made
# of, one is made.
debian-configured = $(shell cd /inputs/debian/$(1) && [ -e configure ] && \
	[ -z "$$(find . '(' -name configure.ac -o -name Makefile.am -o -name '*.m4' ')' -newer configure)" ] && echo yes)

define debian-source
$(1)_OVERRIDE_SRCDIR = /inputs/debian/$(2)
$(if $(call debian-configured,$(2)),,override $(1)_AUTORECONF := YES)
endef

# One line for each such package of the lock file (scripts/iso/buildroot/sources.ts).
-include /inputs/overrides.mk
