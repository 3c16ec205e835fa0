/* udp-echo PORT: answers each datagram with "PORT " and what was in it. busybox has nothing that does. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

int main(int argc, char** argv) {
    int server = socket(AF_INET, SOCK_DGRAM, 0);
    struct sockaddr_in own = {.sin_family = AF_INET, .sin_port = htons(argc > 1 ? atoi(argv[1]) : 0)};
    if (server < 0 || bind(server, (struct sockaddr*)&own, sizeof own) < 0)
        return 1;
    for (;;) {
        struct sockaddr_in client;
        socklen_t size = sizeof client;
        char text[2048];
        int start = sprintf(text, "%d ", ntohs(own.sin_port));
        ssize_t got = recvfrom(server, text + start, sizeof text - start, 0, (struct sockaddr*)&client, &size);
        if (got >= 0)
            sendto(server, text, start + got, 0, (struct sockaddr*)&client, size);
    }
}
