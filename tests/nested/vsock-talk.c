/* vsock-talk CID PORT TEXT: says TEXT to that VSOCK port, and ends when the other side closes. With "listen" as CID it waits for somebody to
 * connect to the port first. */
#include <linux/vm_sockets.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int connected(const char *cid, const char *port) {
    struct sockaddr_vm at = {.svm_family = AF_VSOCK, .svm_cid = VMADDR_CID_ANY, .svm_port = strtoul(port, NULL, 10)};
    int fd = socket(AF_VSOCK, SOCK_STREAM, 0);
    if (strcmp(cid, "listen") != 0) {
        at.svm_cid = strtoul(cid, NULL, 10);
        return connect(fd, (struct sockaddr *)&at, sizeof at) < 0 ? -1 : fd;
    }
    if (bind(fd, (struct sockaddr *)&at, sizeof at) < 0 || listen(fd, 1) < 0)
        return -1;
    return accept(fd, NULL, NULL);
}

int main(int argc, char **argv) {
    char byte;
    int fd = argc == 4 ? connected(argv[1], argv[2]) : -1;
    if (fd < 0 || write(fd, argv[3], strlen(argv[3])) < 0) {
        perror("vsock-talk");
        return 1;
    }
    shutdown(fd, SHUT_WR);
    while (read(fd, &byte, 1) > 0)
        ;
    return 0;
}
