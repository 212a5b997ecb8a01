/* Asks for the process id by the 32-bit convention, whose arguments no filter of 64-bit calls sees. */
#include <unistd.h>

int main(void)
{
    long result;
    __asm__ volatile("int $0x80" : "=a"(result) : "a"(20) : "memory");
    return result == getpid() ? 0 : 1;
}
