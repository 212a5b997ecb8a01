using Xunit.Sdk;

namespace Podflare.Status.Services;

/// <summary>Checks many cases against one process, because starting it takes longer than all of them together.</summary>
internal static class Each
{
    public static async Task OfAsync<T>(IEnumerable<T> cases, Func<T, Task> check)
    {
        foreach (var one in cases)
        {
            try
            {
                await check(one);
            }
            catch (Exception e)
            {
                throw new XunitException($"{one}: {e.Message}", e);
            }
        }
    }
}
