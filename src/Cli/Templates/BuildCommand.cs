using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Text.RegularExpressions;
using Podflare.Cli.Engine;
using Podflare.Cli.Hosting;
using Podflare.Cli.Output;

namespace Podflare.Cli.Templates;

/// <summary><c>podflare template build</c>: builds the image of a template with the Docker engine of this machine.</summary>
internal sealed partial class BuildCommand
{
    private const int DefaultMaxContextMib = 512;
    private const double DefaultTimeoutSeconds = 3_600;

    private const string Warning = "warning: ";

    // Those of the server.
    private const int MinMemoryMib = 64;
    private const int MaxMemoryMib = 1024 * 1024;
    private const double MinCpus = 0.05;
    private const double MaxCpus = 1024;
    private const int MaxPreloadLength = 1024;

    private readonly Argument<string> _name = new("name") { Description = "Name of the template: 1 to 63 of a-z, 0-9 and -" };
    private readonly Argument<string?> _context = new("context") { Description = "Folder with the Dockerfile and the files that it copies [default: the current folder]", Arity = ArgumentArity.ZeroOrOne };
    private readonly Option<string?> _file = new("--file", "-f") { Description = "Dockerfile, in the context folder [default: its Dockerfile]", HelpName = "path" };
    private readonly Option<string[]> _packages = new("--packages") { Description = "Debian packages to install, in place of a Dockerfile: a,b or @FILE (repeatable)", HelpName = "names" };
    private readonly Option<string[]> _pip = new("--pip") { Description = "Python packages to install, in place of a Dockerfile: a,b or @FILE (repeatable)", HelpName = "requirements" };
    private readonly Option<string?> _from = new("--from") { Description = $"Base image for --packages and --pip [default: {PackageDockerfile.DefaultBase}]", HelpName = "image" };
    private readonly Option<string[]> _arguments = new("--build-arg") { Description = "Value of an ARG of the Dockerfile (repeatable)", HelpName = "name=value" };
    private readonly Option<string?> _network = new("--network") { Description = "Docker network of the build steps, such as host [default: the engine's]", HelpName = "name" };
    private readonly Option<bool> _noCache = new("--no-cache") { Description = "Build every layer again, with today's packages" };
    private readonly Option<int?> _memory = new("--memory-mib") { Description = "Memory of a sandbox in MiB, for the settings [default: the server's]", HelpName = "mib" };
    private readonly Option<double?> _cpus = new("--cpus") { Description = "CPUs of a sandbox, for the settings [default: the server's]", HelpName = "count" };
    private readonly Option<string?> _preload = new("--preload") { Description = "Python modules that are imported before the first run, for the settings: a,b", HelpName = "modules" };
    private readonly Option<bool> _isDefault = new("--default") { Description = "Make it the default template in the settings" };
    private readonly Option<int?> _maxContext = new("--max-context-mib") { Description = $"Largest size of the context in MiB [default: {DefaultMaxContextMib}]", HelpName = "mib" };
    private readonly Option<double?> _timeout = new("--timeout") { Description = "Time limit of the build in seconds [default: 3600]", HelpName = "seconds" };

    private BuildCommand()
    {
    }

    public static Command Create(GlobalOptions global) => new BuildCommand().ToCommand(global);

    private Command ToCommand(GlobalOptions global)
    {
        _arguments.RequirePairs();
        _maxContext.RequirePositive(" MiB");
        _timeout.RequirePositive(" seconds");
        _name.Validators.Add(static result =>
        {
            if (result.Tokens is [var token] && !Name().IsMatch(token.Value)) result.AddError($"<name> must be 1 to 63 of a-z, 0-9 and -, not '{token.Value}'.");
        });
        var command = new Command("build", "Build the image of a template with the Docker engine of this machine, check it, and write the settings that offer it") { _name, _context };
        foreach (Option option in new Option[] { _file, _packages, _pip, _from, _arguments, _network, _noCache, _memory, _cpus, _preload, _isDefault, _maxContext, _timeout }) command.Options.Add(option);
        command.Validate(Validate);
        return command.WithAction(global, RunAsync, interrupted: "Interrupted. The image of the template is unchanged.").WithExamples(
            ("Build from the Dockerfile of a folder", "podflare template build tools ./tools"),
            ("Build from lists of packages", "podflare template build tools --packages git,ffmpeg --pip @requirements.txt"),
            ("Build with limits, and keep the settings in a file for the server", "podflare template build data --pip pandas --preload pandas --memory-mib 1024 --default > podflare.env"));
    }

    private void Validate(CommandResult result)
    {
        var usesLists = result.GetResult(_packages) is not null || result.GetResult(_pip) is not null;
        if (usesLists && (result.GetResult(_file) is not null || result.GetResult(_context) is { Tokens.Count: > 0 }))
            result.AddError("Use either a Dockerfile (--file or a context folder) or --packages and --pip.");
        else if (!usesLists && result.GetResult(_from) is not null)
            result.AddError("--from needs --packages or --pip: a Dockerfile names its own base.");
        if (result.GetValue(_memory) is { } memory and (< MinMemoryMib or > MaxMemoryMib)) result.AddError($"--memory-mib must be {MinMemoryMib} to {MaxMemoryMib}, not {memory}.");
        if (result.GetValue(_cpus) is { } cpus && !(cpus is >= MinCpus and <= MaxCpus))
            result.AddError(string.Create(CultureInfo.InvariantCulture, $"--cpus must be {MinCpus} to {MaxCpus}, not {cpus}."));
        if (result.GetValue(_preload) is { } preload && !(preload.Length <= MaxPreloadLength && Modules().IsMatch(preload)))
            result.AddError($"--preload expects names of Python modules, separated by commas, not '{preload}'.");
    }

    private async Task<int> RunAsync(CommandContext context)
    {
        var began = context.Time.GetTimestamp();
        var name = context.Value(_name)!;
        var seconds = context.Value(_timeout) ?? DefaultTimeoutSeconds;
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(seconds), context.Time);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(context.Interruption.Token, limit.Token);
        try
        {
            var (id, bytes) = await BuildAsync(context, name, stop.Token);
            var settings = new TemplateSettings(
                name, $"{SandboxImage.NameOf(name)}:local", context.Value(_memory), context.Value(_cpus), context.Value(_preload), context.Value(_isDefault));
            var built = new BuiltTemplate(
                name, settings.Image, id, bytes, Math.Round(context.Time.GetElapsedTime(began).TotalSeconds, 1), settings.Pairs().ToDictionary(StringComparer.Ordinal));
            if (context.IsJson) context.Screen.Json(built, TemplateJson.Default.BuiltTemplate);
            else Show(context, built);
            return 0;
        }
        catch (EngineException e)
        {
            throw new CliException($"Docker refused a request: {e.Message}");
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested && !context.Interruption.Token.IsCancellationRequested)
        {
            throw new CliException(string.Create(CultureInfo.InvariantCulture, $"The build took longer than --timeout ({seconds} s)."));
        }
    }

    private async Task<(string Id, long Bytes)> BuildAsync(CommandContext context, string name, CancellationToken cancellationToken)
    {
        var (content, dockerfile) = Source(context);
        using var engine = new EngineClient();
        await engine.CheckAsync(cancellationToken);
        var log = new BuildLog("the image", context.IsJson ? null : line =>
        {
            context.Screen.Err.Write($"{line}\n");
            context.Screen.Err.Flush();
        });
        var finishLog = new BuildLog("the layers that every sandbox needs", context.IsJson ? null : line =>
        {
            if (line.StartsWith(Warning, StringComparison.Ordinal)) context.Screen.Warn(line[Warning.Length..]);
        });
        var layers = await new ImageBuilder(engine, log).BuildAsync(
            new ImageRequest(content, dockerfile)
            {
                Arguments = Texts.ParsePairs(context.Value(_arguments), "--build-arg") ?? [],
                Network = context.Value(_network),
                NoCache = context.Value(_noCache),
            },
            cancellationToken);
        var image = new SandboxImage(engine, finishLog);
        var id = await image.FinishAsync(layers, name, context.Value(_noCache), cancellationToken);
        await image.VerifyAsync(id, context.Value(_preload), cancellationToken);
        return (id, await image.PublishAsync(id, name, cancellationToken));
    }

    private (ContextContent Content, string Dockerfile) Source(CommandContext context)
    {
        var packages = context.Value(_packages) ?? [];
        var pip = context.Value(_pip) ?? [];
        if (packages.Length + pip.Length > 0)
        {
            var lists = new PackageDockerfile(
                context.Value(_from) ?? PackageDockerfile.DefaultBase,
                packages.Length > 0 ? PackageList.Debian(packages) : [],
                pip.Length > 0 ? PackageList.Python(pip) : []);
            return (lists.ToContent(), PackageDockerfile.FileName);
        }

        var folder = BuildContext.Open(context.Value(_context) ?? ".", context.Value(_file));
        return (folder.ToContent((context.Value(_maxContext) ?? DefaultMaxContextMib) * 1024L * 1024, "--max-context-mib"), folder.Dockerfile);
    }

    private static void Show(CommandContext context, BuiltTemplate built)
    {
        context.Screen.Note(string.Create(CultureInfo.InvariantCulture, $"Built and checked {built.Image}, {built.SizeBytes / 1_000_000} MB, in {built.Seconds} s."), "green");
        context.Screen.Note("Set this where the server and its workers start, and restart them:");
        foreach (var (key, value) in built.Settings) context.Screen.Line($"{key}={value}");
        if (built.Name is "default" or "python-datasci") context.Screen.Warn("./run.sh and eng/build-images.sh build an image of this name too, and replace this one.");
        if (built.Name.Contains('-', StringComparison.Ordinal))
        {
            context.Screen.Note("A shell cannot export names with a hyphen. Put the lines into an environment file, or start the server with `env NAME=VALUE … COMMAND`.");
        }
    }

    [GeneratedRegex("^[a-z0-9][a-z0-9-]{0,62}$")]
    private static partial Regex Name();

    [GeneratedRegex("^[A-Za-z_][A-Za-z0-9_]*([.,][A-Za-z_][A-Za-z0-9_]*)*$")]
    private static partial Regex Modules();
}
