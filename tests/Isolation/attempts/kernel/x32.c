/* A call by the x32 convention, which a filter of 64-bit calls does not name. */
#include <unistd.h>
#include <sys/syscall.h>

int main(void)
{
    return syscall(0x40000000 | 39) > 0 ? 0 : 1;
}
