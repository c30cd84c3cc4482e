#pragma once

// Handles of C libraries in tests: std::unique_ptr<SSL, FreeBy<SSL_free>>.

namespace support {

template <auto free_function>
struct FreeBy {
    template <class T>
    void operator()(T* handle) const noexcept
    {
        free_function(handle);
    }
};

}  // namespace support
