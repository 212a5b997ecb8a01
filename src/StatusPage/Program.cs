using Microsoft.Extensions.Options;
using Podflare.Configuration;
using Podflare.Hosting;

try
{
    var builder = WebApplication.CreateBuilder(args);
    builder.AddStatusPage();
    await using var app = builder.Build();
    app.MapStatusPage();
    await app.RunAsync();
    return 0;
}
catch (StartupException e)
{
    await Console.Error.WriteLineAsync(e.Message);
    return 1;
}
catch (InvalidDataException e)
{
    await Console.Error.WriteLineAsync(e.Message);
    return 1;
}
catch (OptionsValidationException e)
{
    await Console.Error.WriteLineAsync(string.Join(Environment.NewLine, e.Failures));
    return 1;
}
