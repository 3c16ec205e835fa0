/* vsock-talk CID PORT TEXT: says TEXT to that VSOCK port, and ends when the other side closes. With "listen" as CID it waits for somebody to
 * connect to the port first.
 * vsock-talk serve PORT PROGRAM WORD...: runs the program for each who connects there, who is its standard input and output. */
#include <linux/vm_sockets.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int listening(const char *port) {
    struct sockaddr_vm at = {.svm_family = AF_VSOCK, .svm_cid = VMADDR_CID_ANY, .svm_port = strtoul(port, NULL, 10)};
    int fd = socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return bind(fd, (struct sockaddr *)&at, sizeof at) < 0 || listen(fd, 1) < 0 ? -1 : fd;
}

static int connected(const char *cid, const char *port) {
    if (strcmp(cid, "listen") == 0)
        return accept(listening(port), NULL, NULL);
    struct sockaddr_vm at = {.svm_family = AF_VSOCK, .svm_cid = strtoul(cid, NULL, 10), .svm_port = strtoul(port, NULL, 10)};
    int fd = socket(AF_VSOCK, SOCK_STREAM, 0);
    return connect(fd, (struct sockaddr *)&at, sizeof at) < 0 ? -1 : fd;
}

static int serve(int port, char **program) {
    signal(SIGCHLD, SIG_IGN);
    while (1) {
        int fd = accept(port, NULL, NULL);
        if (fd < 0) {
            perror("vsock-talk");
            return 1;
        }
        if (fork() == 0) {
            dup2(fd, 0);
            dup2(fd, 1);
            close(fd);
            signal(SIGCHLD, SIG_DFL);
            execvp(program[0], program);
            _exit(127);
        }
        close(fd);
    }
}

int main(int argc, char **argv) {
    char byte;
    if (argc > 3 && strcmp(argv[1], "serve") == 0)
        return serve(listening(argv[2]), argv + 3);
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
