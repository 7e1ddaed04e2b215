/* Answers every request with one of two canned bodies, as fast as one core can: a GET with the first,
 * a POST with the second. The eight digits of a body that stand for a counter are written anew for
 * each answer, so that no two pages are the same. Nothing of a request is looked at but its method
 * and its length; connections are kept alive. It ends when its input does, so that it never outlives
 * whoever started it.
 *
 *     canned GET_BODY POST_BODY DELAY_MILLISECONDS
 *
 * prints its port.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define MOST_CONNECTIONS 4096
#define MOST_REQUEST 65536
#define MARK "counter-"
#define DIGITS 8

struct answer {
    char *bytes;
    size_t length;
    size_t digits; /* where the counter is; the length when there is none */
};

struct connection {
    int socket;
    char request[MOST_REQUEST];
    size_t received;
    const struct answer *sending;
    size_t sent;
    char digits[DIGITS + 1];
    bool waiting;
    struct timespec due;
    struct connection *next;
};

static struct connection *connections[MOST_CONNECTIONS];
static struct answer answers[2];
static long delay; /* nanoseconds */
static unsigned long counted;
static int poller, timer;
/* Those whose answer has to wait. All wait equally long, so who came first is due first. */
static struct connection *first, *last;

static void must(bool fine, const char *what) {
    if (fine) return;
    perror(what);
    exit(1);
}

static struct answer canned(const char *path) {
    FILE *file = fopen(path, "rb");
    must(file != NULL, path);
    must(fseek(file, 0, SEEK_END) == 0, path);
    long size = ftell(file);
    must(size >= 0, path);
    rewind(file);
    char *bytes = malloc((size_t)size + 256);
    must(bytes != NULL, "memory");
    int head = sprintf(bytes,
                       "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                       "Content-Length: %ld\r\n\r\n",
                       size);
    must(fread(bytes + head, 1, (size_t)size, file) == (size_t)size, path);
    fclose(file);
    struct answer made = {bytes, (size_t)head + (size_t)size, (size_t)head + (size_t)size};
    char *mark = memmem(bytes + head, (size_t)size, MARK, strlen(MARK));
    if (mark) made.digits = (size_t)(mark - bytes) + strlen(MARK);
    return made;
}

static void leave(struct connection *it) {
    connections[it->socket] = NULL;
    close(it->socket);
    free(it);
}

/* Clients that are gone are no news; whatever else ends a connection is. */
static void complain(const char *what) {
    if (errno != EPIPE && errno != ECONNRESET) perror(what);
}

static void set_timer(void) {
    struct itimerspec at = {0};
    if (first) at.it_value = first->due;
    must(timerfd_settime(timer, TFD_TIMER_ABSTIME, &at, NULL) == 0, "timer");
}

static void wait_for_it(struct connection *it) {
    clock_gettime(CLOCK_MONOTONIC, &it->due);
    it->due.tv_nsec += delay % 1000000000;
    it->due.tv_sec += delay / 1000000000 + it->due.tv_nsec / 1000000000;
    it->due.tv_nsec %= 1000000000;
    it->waiting = true;
    it->next = NULL;
    if (first) {
        last = last->next = it;
        return;
    }
    first = last = it;
    set_timer();
}

/* A whole request begins its answer. */
static bool understand(struct connection *it) {
    it->request[it->received] = 0;
    char *end = strstr(it->request, "\r\n\r\n");
    if (!end) return false;
    size_t length = (size_t)(end - it->request) + 4;
    char *content = strcasestr(it->request, "\r\ncontent-length:");
    if (content && content < end) length += strtoul(content + 17, NULL, 10);
    if (it->received < length) return false;
    it->sending = &answers[it->request[0] == 'P'];
    it->sent = 0;
    snprintf(it->digits, sizeof it->digits, "%08lu", counted++ % 100000000);
    it->received -= length;
    memmove(it->request, it->request + length, it->received);
    if (delay) wait_for_it(it);
    return true;
}

/* What of an answer is still to be sent: before, in and after the counter. */
static int pieces(struct connection *it, struct iovec *left) {
    const struct answer *whole = it->sending;
    size_t marked = whole->digits < whole->length ? DIGITS : 0, after = whole->digits + marked;
    struct iovec all[] = {{whole->bytes, whole->digits},
                          {it->digits, marked},
                          {whole->bytes + after, whole->length - after}};
    size_t skip = it->sent;
    int count = 0;
    for (size_t each = 0; each < 3; each++) {
        if (skip >= all[each].iov_len) {
            skip -= all[each].iov_len;
            continue;
        }
        left[count++] =
            (struct iovec){(char *)all[each].iov_base + skip, all[each].iov_len - skip};
        skip = 0;
    }
    return count;
}

/* Go on until there is nothing to send and nothing to hear, or no way to. Events come once for each
 * change: whoever stops earlier is not woken again. */
static void go_on(struct connection *it) {
    while (!it->waiting) {
        if (it->sending) {
            struct iovec left[3];
            struct msghdr message = {.msg_iov = left, .msg_iovlen = (size_t)pieces(it, left)};
            ssize_t sent = sendmsg(it->socket, &message, MSG_NOSIGNAL);
            if (sent < 0) {
                if (errno == EINTR) continue;
                if (errno == EAGAIN) return;
                complain("sendmsg");
                leave(it);
                return;
            }
            it->sent += (size_t)sent;
            if (it->sent == it->sending->length) it->sending = NULL;
            continue;
        }
        if (understand(it)) continue;
        size_t room = MOST_REQUEST - 1 - it->received;
        /* Of a request that is too long nothing more is heard. */
        ssize_t got = recv(it->socket, it->request + it->received, room, 0);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0 && errno == EAGAIN) return;
        if (got <= 0) {
            if (got < 0) complain("recv");
            leave(it);
            return;
        }
        it->received += (size_t)got;
    }
}

static void serve_due(void) {
    uint64_t times;
    if (read(timer, &times, sizeof times) < 0) return;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    while (first && (first->due.tv_sec < now.tv_sec ||
                     (first->due.tv_sec == now.tv_sec && first->due.tv_nsec <= now.tv_nsec))) {
        struct connection *it = first;
        first = it->next;
        it->waiting = false;
        go_on(it);
    }
    set_timer();
}

static void watch(int file, uint32_t events) {
    struct epoll_event event = {.events = events, .data.fd = file};
    must(epoll_ctl(poller, EPOLL_CTL_ADD, file, &event) == 0, "epoll_ctl");
}

static void welcome(int listener) {
    for (;;) {
        int socket = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
        if (socket < 0) return;
        struct connection *it = socket < MOST_CONNECTIONS ? malloc(sizeof *it) : NULL;
        if (!it) {
            close(socket);
            continue;
        }
        int yes = 1;
        setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
        it->socket = socket;
        it->received = 0;
        it->sending = NULL;
        it->waiting = false;
        connections[socket] = it;
        watch(socket, EPOLLIN | EPOLLOUT | EPOLLET);
    }
}

int main(int count, char **arguments) {
    if (count != 4) return 2;
    signal(SIGPIPE, SIG_IGN);
    answers[0] = canned(arguments[1]);
    answers[1] = canned(arguments[2]);
    delay = (long)(atof(arguments[3]) * 1e6);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    must(listener >= 0, "socket");
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof here;
    must(bind(listener, (struct sockaddr *)&here, size) == 0, "bind");
    must(listen(listener, 1024) == 0, "listen");
    must(getsockname(listener, (struct sockaddr *)&here, &size) == 0, "getsockname");
    must((poller = epoll_create1(0)) >= 0, "epoll_create1");
    must((timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK)) >= 0, "timerfd_create");
    watch(STDIN_FILENO, EPOLLIN);
    watch(listener, EPOLLIN);
    watch(timer, EPOLLIN);
    printf("%d\n", ntohs(here.sin_port));
    fflush(stdout);
    for (;;) {
        struct epoll_event events[256];
        int found = epoll_wait(poller, events, 256, -1);
        must(found >= 0 || errno == EINTR, "epoll_wait");
        for (int each = 0; each < found; each++) {
            int file = events[each].data.fd;
            if (file == STDIN_FILENO) return 0;
            if (file == listener)
                welcome(listener);
            else if (file == timer)
                serve_due();
            else if (connections[file])
                go_on(connections[file]);
        }
    }
}
