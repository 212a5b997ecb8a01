using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Options;
using Podflare.Hosting;

try
{
    var builder = WebApplication.CreateBuilder(args);
    builder.AddFrontend();
    await using var app = builder.Build();
    app.MapFrontend();
    await app.RunAsync();
    return 0;
}
catch (Exception e) when (e is StartUpException or OptionsValidationException or IOException { InnerException: AddressInUseException })
{
    await Console.Error.WriteLineAsync($"podflare: {e.Message}");
    return 1;
}
