/* nvidia-smi: the words, formats and exit codes of NVIDIA's, on whatever libnvidia-ml.so.1 the system has. */

#include <stdio.h>
#include <string.h>

#include "smi.h"
#include "version.h"

static int help(void)
{
    printf("NVIDIA System Management Interface -- v%s\n\n"
           "nvidia-smi [OPTION1 [ARG1]] [OPTION2 [ARG2]] ...\n\n"
           "    -h,   --help                Print usage information and exit.\n"
           "    -L,   --list-gpus           Display a list of GPUs connected to the system.\n"
           "    -q,   --query               Display GPU or Unit info.\n"
           "    -x,   --xml-format          Produce XML output.\n"
           "    -i,   --id=                 Target a specific GPU or Unit.\n"
           "    -f,   --filename=           Log to a specified file, rather than to stdout.\n"
           "          --query-gpu=          Information about GPU. Call --help-query-gpu for more info.\n"
           "          --query-compute-apps= List of currently active compute processes.\n"
           "          --format=             csv, noheader, nounits\n"
           "    -pm,  --persistence-mode=   Set persistence mode: 0/DISABLED, 1/ENABLED\n"
           "    -r    --gpu-reset           Trigger reset of the GPU.\n"
           "    -mig  --multi-instance-gpu= Enable or disable Multi Instance GPU: 0/DISABLED, 1/ENABLED\n"
           "    topo -m                     Display topological information about the system.\n"
           "    mig                         Provides controls for MIG management.\n",
           driver_version);
    return 0;
}

static int version(void)
{
    char driver[80] = "N/A", library[80] = "N/A";
    int cuda = 0;
    nvml.nvmlSystemGetDriverVersion(driver, sizeof driver);
    nvml.nvmlSystemGetNVMLVersion(library, sizeof library);
    nvml.nvmlSystemGetCudaDriverVersion_v2(&cuda);
    const char *own = strchr(library, '.');
    printf("NVIDIA-SMI version  : %s\nNVML version        : %s\nDRIVER version      : %s\nCUDA Version        : %d.%d\n",
           driver_version, own == NULL ? library : own + 1, driver, cuda / 1000, cuda % 1000 / 10);
    return 0;
}

static int run(const struct options *options)
{
    if (options->version)
        return version();
    if (options->list)
        return command_list();
    if (options->reset)
        return command_reset(options);
    if (options->mig != NULL || options->persistence != NULL)
        return command_switches(options);
    if (options->gpus != NULL)
        return command_query(options);
    if (options->apps != NULL)
        return command_apps(options);
    if (options->query || options->xml)
        return command_report(options);
    if (options->ids != NULL) {
        struct target targets[SMI_MAX_GPUS];
        unsigned count;
        int failed = targets_find(options->ids, targets, &count);
        if (failed != 0)
            return failed;
    }
    return command_table();
}

int main(int count, char **arguments)
{
    struct options options = {0};
    bool subcommand = count > 1 && (strcmp(arguments[1], "mig") == 0 || strcmp(arguments[1], "topo") == 0);
    if (count > 1 && strcmp(arguments[1], "--help-query-gpu") == 0) {
        fields_print();
        return 0;
    }
    if (!subcommand) {
        int wrong = options_read(&options, count - 1, arguments + 1);
        if (wrong >= 0)
            return wrong;
        if (options.help)
            return help();
    }
    int failed = library_open();
    if (failed != 0)
        return failed;
    if (!subcommand)
        failed = run(&options);
    else if (strcmp(arguments[1], "mig") == 0)
        failed = command_mig(count - 2, arguments + 2);
    else
        failed = command_topology();
    nvml.nvmlShutdown();
    return failed;
}
