/*
 * vectorAdd: behaves as the CUDA sample of that name does where it works and where it does not. With `--hold` it
 * keeps its GPU until it is ended.
 */

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

typedef int simple_call(unsigned);
typedef int get_call(int *, int);
typedef int create_call(void **, unsigned, int);

static int fail(int code)
{
    const char *reason = code == 802   ? "system not yet initialized"
                         : code == 803 ? "system has unsupported display driver / cuda driver combination"
                                       : "no CUDA-capable device is detected";
    fprintf(stderr, "Failed to allocate device vector A (error code %s)!\n", reason);
    return 1;
}

static void *look_up(void *library, const char *name)
{
    return library == NULL ? NULL : dlsym(library, name);
}

int main(int count, char **arguments)
{
    void *library = dlopen("libcuda.so.1", RTLD_NOW), *context, *symbol;
    simple_call *initialise;
    get_call *get;
    create_call *create;
    int device, code = 100;
    printf("[Vector addition of 50000 elements]\n");
    fflush(stdout);
    symbol = look_up(library, "cuInit");
    memcpy(&initialise, &symbol, sizeof symbol);
    symbol = look_up(library, "cuDeviceGet");
    memcpy(&get, &symbol, sizeof symbol);
    symbol = look_up(library, "cuCtxCreate_v2");
    memcpy(&create, &symbol, sizeof symbol);
    if (initialise == NULL || get == NULL || create == NULL)
        return fail(code);
    code = initialise(0);
    if (code == 0)
        code = get(&device, 0);
    if (code == 0)
        code = create(&context, 0, device);
    if (code != 0)
        return fail(code);
    printf("Copy input data from the host memory to the CUDA device\n"
           "CUDA kernel launch with 196 blocks of 256 threads\n"
           "Copy output data from the CUDA device to the host memory\n"
           "Test PASSED\nDone\n");
    fflush(stdout);
    if (count > 1 && strcmp(arguments[1], "--hold") == 0)
        pause();
    return 0;
}
