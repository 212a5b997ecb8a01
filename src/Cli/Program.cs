using Podflare.Cli.Hosting;

return await CommandLine.RunAsync(args);
