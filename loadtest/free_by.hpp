#pragma once

// Handles of C libraries, owned: std::unique_ptr<SSL, FreeBy<SSL_free>>.

namespace loadtest {

template <auto free_function>
struct FreeBy {
    template <class T>
    void operator()(T* handle) const noexcept
    {
        free_function(handle);
    }
};

}  // namespace loadtest
