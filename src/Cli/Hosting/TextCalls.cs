namespace Podflare.Cli.Hosting;

/// <summary>Calls whose response is shown as it is.</summary>
internal static class TextCalls
{
    private const int MaxBytes = 64 * 1024 * 1024;

    /// <summary>Sends a GET, and returns the response.</summary>
    public static Task<string> GetTextAsync(this CommandContext context, string path) => context.Client.Transport.CallAsync(
        new ApiCall(HttpMethod.Get, path),
        static async (response, token) =>
        {
            await response.Content.BufferAsync(MaxBytes, token);
            return await response.Content.ReadAsStringAsync(token);
        },
        context.Interruption.Token);
}
