/* A kernel module in name only: an ELF object whose .modinfo says what modinfo and depmod ask a module. */

#define MODINFO(tag, text) \
    static const char tag[] __attribute__((used, section(".modinfo"), aligned(1))) = text

MODINFO(info_license, "license=" MODULE_LICENSE);
MODINFO(info_version, "version=" MODULE_VERSION);
MODINFO(info_supported, "supported=external");
MODINFO(info_name, "name=" MODULE_NAME);
MODINFO(info_depends, "depends=" MODULE_DEPENDS);
MODINFO(info_retpoline, "retpoline=Y");
#ifdef MODULE_HAS_DEVICES
MODINFO(info_display, "alias=pci:v000010DEd*sv*sd*bc03sc00i00*");
MODINFO(info_compute, "alias=pci:v000010DEd*sv*sd*bc03sc02i00*");
MODINFO(info_bridge, "alias=pci:v000010DEd*sv*sd*bc06sc80i00*");
MODINFO(info_firmware, "firmware=nvidia/" MODULE_VERSION "/gsp_ga10x.bin");
#endif

int init_module(void);

int init_module(void)
{
    return 0;
}
