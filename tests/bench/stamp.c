/* Writes the time and becomes another program. Called as qemu-system-*, it stands in for QEMU: DIRECTORY/qemu.stamp, then the real one.
 * Called as stamp: stamp FILE PROGRAM [ARGUMENT...]. */
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static void write_stamp(const char *path) {
    struct timespec now;
    char text[64];
    clock_gettime(CLOCK_MONOTONIC, &now);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    int length = snprintf(text, sizeof text, "%lld.%09ld\n", (long long)now.tv_sec, now.tv_nsec);
    if (fd < 0 || write(fd, text, (size_t)length) != length)
        perror(path);
}

int main(int argc, char **argv) {
    char self[4096];
    strncpy(self, argv[0], sizeof self - 1);
    self[sizeof self - 1] = 0;
    if (strncmp(basename(argv[0]), "qemu-", 5) == 0) {
        char path[4200];
        snprintf(path, sizeof path, "%s/qemu.stamp", dirname(self));
        write_stamp(path);
        execv(REAL_QEMU, argv);
    } else if (argc >= 3) {
        write_stamp(argv[1]);
        execv(argv[2], argv + 2);
    }
    perror("exec");
    return 127;
}
