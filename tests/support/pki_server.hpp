#pragma once

// A CA's web server on loopback: CRLs by GET (with ETag), OCSP by POST, and all the ways it can be away.
//
// Threads: its own; every function may be called from any (one mutex).

#include "signing/digest.hpp"
#include "tests/support/raw_server.hpp"

#include <boost/asio/executor_work_guard.hpp>

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

namespace support {

class PkiServer {
public:
    using Responder = std::function<std::string(std::string const& body)>;

    PkiServer() : server_{context_, [this](std::string const& request) { return answer(request); }}, thread_{[this] { context_.run(); }} {}
    PkiServer(PkiServer const&) = delete;
    PkiServer& operator=(PkiServer const&) = delete;
    ~PkiServer()
    {
        work_.reset();
        context_.stop();
        thread_.join();
    }

    [[nodiscard]] std::string url(std::string const& path) const { return url_ + path; }
    void put(std::string const& path, std::string bytes)
    {
        std::lock_guard const lock{mutex_};
        files_[path] = std::move(bytes);
    }
    void respond(std::string const& path, Responder responder)
    {
        std::lock_guard const lock{mutex_};
        responders_[path] = std::move(responder);
    }
    // Bad weather: every connection breaks off without an answer.
    void away(bool is)
    {
        std::lock_guard const lock{mutex_};
        away_ = is;
    }
    // Takes requests and never answers.
    void hang(bool is)
    {
        std::lock_guard const lock{mutex_};
        hang_ = is;
    }
    [[nodiscard]] unsigned asked(std::string const& path)
    {
        std::lock_guard const lock{mutex_};
        return asked_[path];
    }
    [[nodiscard]] unsigned unchanged(std::string const& path)  // answered 304
    {
        std::lock_guard const lock{mutex_};
        return unchanged_[path];
    }

private:
    RawAnswer answer(std::string const& request)
    {
        std::lock_guard const lock{mutex_};
        auto const begin = request.find(' ') + 1;
        auto const path = request.substr(begin, request.find(' ', begin) - begin);
        ++asked_[path];
        if (away_) return {"", true, false};
        if (hang_) return {"", false, true};
        if (auto const responder = responders_.find(path); responder != responders_.end() && request.starts_with("POST "))
            return {RawServer::ok(responder->second(request.substr(request.find("\r\n\r\n") + 4)), 200, "Content-Type: application/ocsp-response\r\n")};
        auto const file = files_.find(path);
        if (file == files_.end()) return {RawServer::ok("", 404)};
        auto const etag = "\"" + signing::hex(signing::sha256(file->second)) + "\"";
        if (request.find("If-None-Match: " + etag) != std::string::npos) {
            ++unchanged_[path];
            return {"HTTP/1.1 304 Not Modified\r\nETag: " + etag + "\r\nContent-Length: 0\r\n\r\n"};
        }
        return {RawServer::ok(file->second, 200, "ETag: " + etag + "\r\n")};
    }

    std::mutex mutex_;
    std::map<std::string, std::string> files_;
    std::map<std::string, Responder> responders_;
    std::map<std::string, unsigned> asked_, unchanged_;
    bool away_ = false, hang_ = false;
    net::io_context context_{1};
    net::executor_work_guard<net::io_context::executor_type> work_{context_.get_executor()};
    RawServer server_;
    std::string url_ = server_.url();
    std::thread thread_;
};

}  // namespace support
