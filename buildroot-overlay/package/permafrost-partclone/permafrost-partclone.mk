################################################################################
#
# permafrost-partclone
#
################################################################################

PERMAFROST_PARTCLONE_VERSION = 0.3.36
PERMAFROST_PARTCLONE_SITE = $(call github,Thomas-Tsai,partclone,$(PERMAFROST_PARTCLONE_VERSION))
PERMAFROST_PARTCLONE_LICENSE = GPL-2.0+
PERMAFROST_PARTCLONE_LICENSE_FILES = COPYING
PERMAFROST_PARTCLONE_AUTORECONF = YES
PERMAFROST_PARTCLONE_AUTOPOINT = YES
PERMAFROST_PARTCLONE_DEPENDENCIES = host-pkgconf $(TARGET_NLS_DEPENDENCIES) e2fsprogs ntfs-3g openssl util-linux xfsprogs
PERMAFROST_PARTCLONE_CONF_OPTS = \
	--enable-exfat \
	--enable-extfs \
	--enable-f2fs \
	--enable-fat \
	--enable-hfsp \
	--enable-minix \
	--enable-ntfs \
	--disable-fuse \
	--disable-ncursesw
# Its manual pages are made with xsltproc.
PERMAFROST_PARTCLONE_MAKE_OPTS = SUBDIRS=src
PERMAFROST_PARTCLONE_INSTALL_TARGET_OPTS = DESTDIR=$(TARGET_DIR) SUBDIRS=src install

$(eval $(autotools-package))
