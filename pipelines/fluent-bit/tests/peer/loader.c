/* What Fluent Bit does with a native filter, in its order: open the file, look the struct up, copy it, cb_pre_run if
 * there is one, cb_init, cb_filter for each chunk, cb_exit.
 *
 *     loader PLUGIN REPEAT IN OUT [NAME=VALUE...]
 *
 * Reads a chunk from IN, filters it REPEAT times, writes the last result to OUT, and prints what cb_filter returned and
 * the seconds of the processor that the calls took. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

struct plugin {
    int event_type, flags;
    char *name, *description;
    void *config_map;
    int (*cb_pre_run)(void *, void *, void *);
    int (*cb_init)(void *, void *, void *);
    int (*cb_filter)(const void *, size_t, const char *, int, void **, size_t *, void *, void *, void *, void *);
    int (*cb_exit)(void *, void *);
    void *head[2];
};

struct instance {
    int count;
    char **properties;
    void *context;
};

const char *flb_filter_get_property(const char *key, struct instance *instance) {
    size_t length = strlen(key);
    for (int i = 0; i < instance->count; i++)
        if (!strncasecmp(instance->properties[i], key, length) && instance->properties[i][length] == '=')
            return instance->properties[i] + length + 1;
    return NULL;
}

void flb_filter_set_context(struct instance *instance, void *context) { instance->context = context; }

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

int main(int argc, char **argv) {
    if (argc < 5) return 2;
    void *library = dlopen(argv[1], RTLD_LAZY);
    struct plugin *found = library ? dlsym(library, "filter_dastap_plugin") : NULL;
    if (!found) {
        fprintf(stderr, "%s\n", dlerror());
        return 2;
    }
    struct plugin *plugin = malloc(sizeof *plugin);
    memcpy(plugin, found, sizeof *plugin);
    struct instance instance = {argc - 5, argv + 5, NULL};
    if (plugin->event_type != 1 || strcmp(plugin->name, "dastap") || !plugin->description[0]) return 3;
    if (plugin->cb_pre_run && plugin->cb_pre_run(&instance, NULL, NULL)) return 3;
    if (plugin->cb_init(&instance, NULL, NULL)) {
        free(plugin);
        return 4;
    }

    FILE *in = fopen(argv[3], "rb");
    if (!in) return 2;
    fseek(in, 0, SEEK_END);
    size_t size = (size_t)ftell(in);
    rewind(in);
    char *chunk = malloc(size + 1);
    if (fread(chunk, 1, size, in) != size) return 2;
    fclose(in);

    void *out = NULL;
    size_t out_size = 0;
    int code = 0;
    double start = now();
    for (int i = atoi(argv[2]); i > 0; i--) {
        free(out);
        out = NULL;
        out_size = 0;
        code = plugin->cb_filter(chunk, size, "das", 3, &out, &out_size, &instance, NULL, instance.context, NULL);
    }
    printf("%d %.6f\n", code, now() - start);
    FILE *file = fopen(argv[4], "wb");
    if (!file || fwrite(out, 1, out_size, file) != out_size || fclose(file)) return 2;
    free(out);
    free(chunk);
    int ended = plugin->cb_exit(instance.context, NULL);
    free(plugin);
    return ended;
}
