using System.Collections.Immutable;
using System.Text;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.HttpResults;
using Podflare.Contexts;
using Podflare.Files;
using Podflare.Http;
using Podflare.Requests;
using Podflare.Sandboxes;

namespace Podflare.E2b.Interpreter;

/// <summary>A context as clients of E2B see it.</summary>
internal sealed record ContextView(string Id, string Language, string Cwd)
{
    public static ContextView Of(ContextInfo context) => new(context.Id.Value, context.Language.ToString().ToLowerInvariant(), context.Cwd);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(ContextView))]
[JsonSerializable(typeof(IReadOnlyList<ContextView>))]
internal sealed partial class InterpreterJson : JsonSerializerContext;

/// <summary>Creates, lists, restarts and deletes contexts.</summary>
internal sealed class InterpreterContexts(IGrainFactory grains, JsonRequestHandler requests, TimeProvider time)
{
    private const int MaxWord = 64;

    public async Task<JsonHttpResult<IReadOnlyList<ContextView>>> ListAsync(SandboxId id, Caller caller, CancellationToken cancellationToken)
    {
        var found = await GrainCallRetry.RetryLostAsync(() => Of(id).List(caller.Tenant, cancellationToken), time, cancellationToken);
        IReadOnlyList<ContextView> contexts = [.. found.Select(ContextView.Of)];
        return TypedResults.Json(contexts, InterpreterJson.Default.IReadOnlyListContextView);
    }

    public async Task<JsonHttpResult<ContextView>> CreateAsync(HttpContext context, SandboxId id, Caller caller)
    {
        var home = context.Features.GetRequiredFeature<SandboxAccess>().Home;
        var creation = await requests.HandleOnceAsync(context, utf8 => Parse(utf8, home), async (spec, token) =>
        {
            await CheckFolderAsync(id, caller, spec.Cwd!, token);
            return await Of(id).Create(caller.Tenant, spec, token);
        });
        return TypedResults.Json(ContextView.Of(creation.Context), InterpreterJson.Default.ContextView);
    }

    public async Task<IResult> RestartAsync(SandboxId id, string name, Caller caller, CancellationToken cancellationToken)
    {
        // Not repeated: a second restart would end the executions that came after the first one.
        await Of(id).Restart(caller.Tenant, Named(name), cancellationToken).WaitAsync(cancellationToken);
        return Null();
    }

    public async Task<IResult> DeleteAsync(SandboxId id, string name, Caller caller, CancellationToken cancellationToken)
    {
        var context = Named(name);
        await GrainCallRetry.RetryLostAsync(() => Of(id).Delete(caller.Tenant, context, cancellationToken), time, cancellationToken);
        return Null();
    }

    // As E2B answers, and with its status.
    private async Task CheckFolderAsync(SandboxId id, Caller caller, string folder, CancellationToken cancellationToken)
    {
        try
        {
            var path = FilePath.Parse(Encoding.UTF8.GetBytes(folder), out _);
            if (path is not null && (await grains.GetGrain<ISandboxGrain>(id.Value).AsReference<IFileExtension>().Stat(caller.Tenant, path, followLinks: true, cancellationToken)).Kind is FileKind.Directory) return;
        }
        catch (FileRefusedException)
        {
            // It is not there.
        }

        throw new E2bException(StatusCodes.Status500InternalServerError, $"the folder {folder} does not exist", native: new Problems.Problem(404, "file_not_found", "the folder of a context does not exist"));
    }

    private static ContextSpec Parse(ReadOnlySpan<byte> utf8, string home) => JsonFieldReader.Read(utf8.IsEmpty ? "{}"u8 : utf8, (fields, errors) =>
    {
        string? language = null, cwd = null;
        while (fields.Next())
        {
            if (fields.Is("language")) language = fields.Text(MaxWord);
            else if (fields.Is("cwd")) cwd = fields.Text(FilePath.MaxBytes);
            else fields.Skip();
        }

        errors.ThrowIfAny();
        return new ContextSpec(null, InterpreterLanguage.Parse(language), SandboxPath.Resolve(cwd, home), ImmutableSortedDictionary<string, string>.Empty);
    });

    private static ContextId Named(string name) => ContextId.TryParse(name, null, out var context) ? context : throw new ContextNotFoundException(name.Length <= MaxWord ? name : name[..MaxWord]);

    private static IResult Null() => TypedResults.Text("null", "application/json");

    private IContextExtension Of(SandboxId id) => grains.GetGrain<ISandboxGrain>(id.Value).AsReference<IContextExtension>();
}
