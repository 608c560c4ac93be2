// GCC 14 and later call this where an exception leaves a noexcept function. libstdc++ has it only since then
// (CXXABI_1.3.15), so an addon built there would not load where libstdc++ is older.
#include <exception>

extern "C" [[noreturn]] void __cxa_call_terminate(void*) noexcept { std::terminate(); }
