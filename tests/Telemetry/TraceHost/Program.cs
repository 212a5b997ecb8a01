using System.Diagnostics;
using System.Net.Http.Json;
using System.Text.Json;
using Podflare.Hosting;
using Podflare.Processes;

// POST /test takes [{"url": …, "arguments": […]}, …], posts each one's arguments to its url within the request's trace, and answers
// when all have answered: what the suite at github.com/w3c/trace-context asks of an implementation under test.
return await ProcessRunner.RunAsync(
    () =>
    {
        var builder = WebApplication.CreateBuilder(args);
        builder.AddFrontend();
        builder.AddPodflare(ProcessRole.Frontend);
        builder.Services.AddHttpClient();
        return builder.Build();
    },
    app =>
    {
        DistributedContextPropagator.Current = app.Services.GetRequiredService<DistributedContextPropagator>();
        app.MapFrontend();
        app.MapPost("/test", async (JsonElement calls, HttpClient http, CancellationToken cancellationToken) =>
        {
            foreach (var call in calls.EnumerateArray())
            {
                using var answer = await http.PostAsJsonAsync(call.GetProperty("url").GetString(), call.GetProperty("arguments"), cancellationToken);
            }

            return Results.Json(calls);
        });
    });
