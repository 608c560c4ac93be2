include $(sort $(wildcard $(BR2_EXTERNAL_PERMAFROST_PATH)/package/*/*.mk))

# BusyBox is linked statically, and Buildroot wants it to have libtirpc, which is there as a shared library only.
# It mounts no NFS here: nfs-utils does.
BUSYBOX_CFLAGS_busybox =
