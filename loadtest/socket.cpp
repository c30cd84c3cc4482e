#include "loadtest/socket.hpp"

#include "loadtest/free_by.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <memory>
#include <stdexcept>

namespace loadtest {

Address address_of(std::string const& url)
{
    Address address;
    auto const scheme = url.find("://");
    auto const colon = url.rfind(':');
    if (scheme == std::string::npos || colon <= scheme + 2) throw std::runtime_error("not http(s)://host:port: " + url);
    address.tls = url.substr(0, scheme) == "https";
    address.host = url.substr(scheme + 3, colon - scheme - 3);
    address.port = url.substr(colon + 1, url.find('/', colon) - colon - 1);
    return address;
}

Socket connect_to(Address const& address, std::chrono::seconds timeout)
{
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (getaddrinfo(address.host.c_str(), address.port.c_str(), &hints, &found) != 0) throw std::runtime_error("no address for " + address.host);
    std::unique_ptr<addrinfo, FreeBy<freeaddrinfo>> const all{found};
    for (auto const* one = found; one != nullptr; one = one->ai_next) {
        Socket made{socket(one->ai_family, one->ai_socktype, one->ai_protocol)};
        timeval const wait{timeout.count(), 0};
        int const yes = 1;
        setsockopt(made.handle(), SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
        setsockopt(made.handle(), SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
        setsockopt(made.handle(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
        if (connect(made.handle(), one->ai_addr, one->ai_addrlen) == 0) return made;
    }
    throw std::runtime_error("cannot connect to " + address.host + ":" + address.port);
}

}  // namespace loadtest
