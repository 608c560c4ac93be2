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
$(eval $(call debian-host,PATCHELF,bin,))
override HOST_PATCHELF_INSTALL_CMDS = $(INSTALL) -D -m 0755 $(BR2_EXTERNAL_PERMAFROST_PATH)/inputs/debian/patchelf $(HOST_DIR)/bin/patchelf
$(eval $(call debian-host,PCRE2,bin,))
$(eval $(call debian-host,PKGCONF,bin,pkgconf))
$(eval $(call debian-host,PYTHON3,bin,python3))
$(eval $(call debian-host,PYTHON_SETUPTOOLS,bin,))
$(eval $(call debian-host,SQLITE,bin,))
$(eval $(call debian-host,UTIL_LINUX,bin,))
$(eval $(call debian-host,ZSTD,bin,zstd))

# debian-nothing: the package $(1) is selected by another and linked with by no program here
define debian-nothing
$(1)_OVERRIDE_SRCDIR = $$(DEBIAN_NOTHING)
override $(1)_CONFIGURE_CMDS = @true
override $(1)_BUILD_CMDS = @true
override $(1)_INSTALL_STAGING_CMDS = @true
override $(1)_INSTALL_TARGET_CMDS = @true
endef

# For a daemon of NFS servers; scripts/iso/buildroot/packages.ts names it too.
$(eval $(call debian-nothing,SQLITE))

# Packages whose tarball Debian has in another version or form than Buildroot's: Debian's source instead, without
# Buildroot's patches. Where it comes without a configure script, or Debian's patches have changed what that is made
# of, one is made.
debian-configured = $(shell cd /inputs/debian/$(1) && [ -e configure ] && \
	[ -z "$$(find . '(' -name configure.ac -o -name Makefile.am -o -name '*.m4' ')' -newer configure)" ] && echo yes)

# Sources that were not released as a tarball have no copy of gettext's part of a build.
debian-needs-autopoint = $(shell cd /inputs/debian/$(1) && [ -z "$$(find . -name config.rpath)" ] && \
	grep -qs ^AM_GNU_GETTEXT_VERSION configure.ac && echo yes)

# Buildroot mends libtool, which otherwise links with the build system's libraries, when it patches a source; it
# patches none of these.
define DEBIAN_LIBTOOL_PATCH_HOOK
	$(if $(filter NO,$($(PKG)_LIBTOOL_PATCH)),,$(LIBTOOL_PATCH_HOOK))
endef

define debian-source
$(1)_OVERRIDE_SRCDIR = /inputs/debian/$(2)
$(if $(call debian-configured,$(2)),$(1)_POST_RSYNC_HOOKS += DEBIAN_LIBTOOL_PATCH_HOOK,override $(1)_AUTORECONF := YES)
$(if $(call debian-needs-autopoint,$(2)),override $(1)_AUTOPOINT := YES)
endef

# One line for each such package of the lock file (scripts/iso/buildroot/sources.ts).
-include /inputs/overrides.mk

# What the versions that Debian has need, and Buildroot's do not.

# A test program decides it, which cannot be run; the C library's own works.
NANO_CONF_ENV += gl_cv_func_strcasecmp_works=yes

# Debian's archive leaves the copies of zlib and popt out, and the change that goes with that is not handed out.
define DEBIAN_RSYNC_WITHOUT_COPIES
	$(SED) 's: zlib/dummy popt/dummy::' $(@D)/configure.ac
endef
RSYNC_POST_RSYNC_HOOKS += DEBIAN_RSYNC_WITHOUT_COPIES

# A daemon of servers that hand on what they have mounted, which wants SQLite.
define DEBIAN_NFS_UTILS_WITHOUT_FSIDD
	$(SED) '/^sbin_PROGRAMS/d' $(@D)/support/reexport/Makefile.am
endef
NFS_UTILS_POST_RSYNC_HOOKS += DEBIAN_NFS_UTILS_WITHOUT_FSIDD

# Its makefile for a folder of its own does not survive being made anew.
override LIBFFI_CONF_OPTS := --disable-multi-os-directory --disable-exec-static-tramp --disable-builddir

# Settings of desktop programs, compiled by a program that is not in the build system: there are none.
override LIBGLIB2_TARGET_FINALIZE_HOOKS :=

# Buildroot's mending of libtool makes -static mean a program without any shared library, which this version asks of
# one: there are no static libraries for that.
XFSPROGS_LIBTOOL_PATCH := NO
