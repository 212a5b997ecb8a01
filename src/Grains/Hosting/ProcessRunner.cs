using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Podflare.Containers;
using Podflare.Processes;

namespace Podflare.Hosting;

/// <summary>Runs a program of ours: a setting that can't be used ends it with one clear line, not with a stack trace.</summary>
public static class ProcessRunner
{
    /// <returns>The exit code: 0, or 1 when the program could not start.</returns>
    public static async Task<int> RunAsync(Func<WebApplication> build)
    {
        try
        {
            await using var app = build();
            if (app.Services.GetService<StoreStart>() is { } store) await store.WaitAsync();
            await app.RunAsync();
            return 0;
        }
        catch (Exception e) when (e is StartUpException or OptionsValidationException or RunFolderLockedException or IOException { InnerException: AddressInUseException })
        {
            await Console.Error.WriteLineAsync($"podflare: cannot start: {e.Message}");
            return 1;
        }
    }
}
