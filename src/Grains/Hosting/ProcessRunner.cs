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
    /// <param name="build">Adds the services.</param>
    /// <param name="map">
    /// Adds middleware and routes, once Redis answers: some of them resolve services that need the silo's address, and its generation is kept in Redis.
    /// </param>
    /// <returns>The exit code: 0, or 1 when the program could not start.</returns>
    public static async Task<int> RunAsync(Func<WebApplication> build, Action<WebApplication> map)
    {
        try
        {
            await using var app = build();
            if (app.Services.GetService<StoreStart>() is { } store) await store.WaitAsync();
            map(app);
            var stopping = app.Lifetime.ApplicationStopping;
            try
            {
                await app.RunAsync();
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
                // A stop signal that came during the start.
            }

            return 0;
        }
        catch (Exception e) when (e is StartUpException or OptionsValidationException or RunFolderLockedException or IOException { InnerException: AddressInUseException })
        {
            await Console.Error.WriteLineAsync($"podflare: cannot start: {e.Message}");
            return 1;
        }
    }
}
