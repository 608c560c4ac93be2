include $(sort $(wildcard $(BR2_EXTERNAL_PERMAFROST_PATH)/package/*/*.mk))
